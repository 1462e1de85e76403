import { join } from 'node:path';
import type { Account } from './account.ts';
import { shellWord, sshValue } from './quoting.ts';

/** Name under which the manifest is served, at the top of the tree; nothing that begins with `.hotstandby-` is synchronised. */
export const manifestName = '.hotstandby-manifest';

export interface ServerSettings {
  address: string;
  port: number;
  keysDir: string;
  pidFile: string;
  account: Account;
  rsync: string;
  /** rsync >= 3.5 can bound what a client's filter rules may name. */
  confine: boolean;
  /** Folder that holds the manifest; its contents and the root's are served as one tree. */
  servedDir: string;
  root: string;
}

/**
 * What a peer with the right key gets, whatever it asks for: rsync as a sender of two fixed folders. The options are
 * fixed too: recursion, permissions, times; no links, no devices, nothing that writes. `e.LsfxC` is what every rsync
 * since 3.1 understands, so the two nodes' versions may differ.
 */
export function forcedCommand(settings: ServerSettings): string {
  const libraries = process.env['LD_LIBRARY_PATH'];
  return [
    ...(libraries ? [`LD_LIBRARY_PATH=${shellWord(libraries)}`] : []),
    'exec',
    shellWord(settings.rsync),
    '--server --sender -prte.LsfxC',
    ...(settings.confine ? [`--confine-root=${shellWord(settings.root)}`] : []),
    '.',
    // The first of two equal names wins.
    shellWord(join(settings.servedDir, '/')),
    shellWord(join(settings.root, '/')),
  ].join(' ');
}

/** sshd_config(5): one user, one key, one command; no shell, terminal, forwarding, password or environment. */
export function sshdConfig(settings: ServerSettings): string {
  return [
    `Port ${settings.port}`,
    `ListenAddress ${settings.address}`,
    `HostKey ${sshValue(join(settings.keysDir, 'host'))}`,
    `PidFile ${sshValue(settings.pidFile)}`,
    `AuthorizedKeysFile ${sshValue(join(settings.keysDir, 'authorized'))}`,
    // The folder's place is the operator's choice (a clone below /tmp, say); its own mode is set-up's.
    'StrictModes no',
    `UsePAM ${settings.account.usePam ? 'yes' : 'no'}`,
    `AllowUsers ${settings.account.name}`,
    'PermitRootLogin prohibit-password',
    'AuthenticationMethods publickey',
    'PubkeyAuthentication yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'HostbasedAuthentication no',
    'DisableForwarding yes',
    'AllowTcpForwarding no',
    'AllowStreamLocalForwarding no',
    'AllowAgentForwarding no',
    'X11Forwarding no',
    'PermitTunnel no',
    'PermitTTY no',
    'PermitUserEnvironment no',
    'PermitUserRC no',
    'PrintMotd no',
    'PrintLastLog no',
    'UseDNS no',
    'MaxAuthTries 3',
    'MaxSessions 1',
    'MaxStartups 10:30:20',
    'LoginGraceTime 10',
    'ClientAliveInterval 15',
    'ClientAliveCountMax 3',
    'LogLevel INFO',
    `ForceCommand ${forcedCommand(settings)}`,
    '',
  ].join('\n');
}

/** ssh_config(5): the peer alone, known by its pinned host key, reached with this node's key and nothing else of the user's. */
export function sshConfig(settings: {
  address: string;
  port: number;
  user: string;
  peer: string;
  keysDir: string;
}): string {
  return [
    'Host peer',
    `  HostName ${settings.address}`,
    `  Port ${settings.port}`,
    `  User ${settings.user}`,
    `  HostKeyAlias ${settings.peer}`,
    `  IdentityFile ${sshValue(join(settings.keysDir, 'id'))}`,
    `  UserKnownHostsFile ${sshValue(join(settings.keysDir, 'known_hosts'))}`,
    '  GlobalKnownHostsFile /dev/null',
    '  StrictHostKeyChecking yes',
    '  UpdateHostKeys no',
    '  CheckHostIP no',
    '  HostKeyAlgorithms ssh-ed25519',
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    '  PreferredAuthentications publickey',
    '  PasswordAuthentication no',
    '  BatchMode yes',
    '  ConnectTimeout 5',
    '  ServerAliveInterval 5',
    '  ServerAliveCountMax 3',
    '  ForwardAgent no',
    '  ForwardX11 no',
    '  ClearAllForwardings yes',
    '  PermitLocalCommand no',
    '  RequestTTY no',
    '  ControlMaster no',
    '  ControlPath none',
    '  LogLevel ERROR',
    '',
  ].join('\n');
}
