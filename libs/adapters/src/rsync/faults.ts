import { CodedError } from '@hotstandby/contracts';
import type { TransferFault } from '@hotstandby/ports';

/** What rsync and ssh said, as one of our faults. `exitCode` is rsync's (rsync(1), "EXIT VALUES"). */
export function faultOf(exitCode: number | null, stderr: string, peer: string): CodedError {
  const said = lastLines(stderr);
  const is = (pattern: RegExp) => pattern.test(stderr);
  if (is(/No space left on device|Disk quota exceeded/)) return new CodedError('HS_SYNC_SPACE', said);
  if (is(/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No .* host key is known/)) {
    return new CodedError('HS_SYNC_REFUSED', `${peer} shows another host key than the pinned one: ${said}`, {
      cure: `Check who answers at the address of ${peer}; after a planned change give both nodes new keys.`,
    });
  }
  if (is(/Permission denied \(|Too many authentication failures/)) {
    return new CodedError('HS_SYNC_REFUSED', `${peer} refuses this node's key: ${said}`);
  }
  if (is(/UNPROTECTED PRIVATE KEY|Load key .*: /)) {
    return new CodedError('HS_SYNC_REFUSED', `the key of this node cannot be used: ${said}`, {
      cure: 'Check that fileSync.keysDir/id is there and readable by this user only (mode 0600).',
    });
  }
  if (exitCode === 127 || is(/command not found|rsync: not found|is your shell clean/)) {
    return new CodedError('HS_SYNC_TOOL', `${peer} cannot run rsync for this node: ${said}`, {
      cure: `Install rsync on ${peer} and give the user of file-sync a login shell (/bin/sh) there.`,
    });
  }
  if (exitCode === 30 || is(/timed out|timeout in data/)) {
    return new CodedError('HS_SYNC_UNREACHABLE', `${peer} stopped answering: ${said}`);
  }
  if (exitCode === 11 || exitCode === 3 || is(/Permission denied|Read-only file system|Input\/output error/)) {
    return new CodedError('HS_SYNC_UNREADABLE', said);
  }
  return new CodedError('HS_SYNC_UNREACHABLE', `no files from ${peer}: ${said || `rsync ended with ${exitCode}`}`);
}

/** What sshd said before it ended. */
export function serverFault(stderr: string, where: string): CodedError {
  const said = lastLines(stderr);
  if (/Address already in use/.test(stderr)) return new CodedError('HS_PORT_IN_USE', `${where} is taken: ${said}`);
  if (/Cannot assign requested address/.test(stderr)) {
    return new CodedError('HS_ADDRESS_UNAVAILABLE', `sshd cannot listen on ${where}: ${said}`);
  }
  if (/Bind to port.*Permission denied/.test(stderr)) return new CodedError('HS_PORT_FORBIDDEN', said);
  if (/no hostkeys available|UNPROTECTED PRIVATE KEY|Unable to load host key/.test(stderr)) {
    return new CodedError('HS_SYNC_REFUSED', `the host key cannot be used: ${said}`, {
      cure: 'Check that fileSync.keysDir/host is there and readable by this user only (mode 0600).',
    });
  }
  return new CodedError('HS_SYNC_TOOL', `sshd ended: ${said || 'without a word'}`, {
    cure: 'See the log of file-sync; check the installation of openssh-server.',
  });
}

export function asFault(error: unknown): TransferFault {
  if (error instanceof CodedError) return { code: error.code, message: error.message, cure: error.cure };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'HS_SYNC_UNREADABLE', message, cure: 'See the log of file-sync.' };
}

function lastLines(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !/^(@+|rsync error: .*code 255.*)$/.test(line));
  return lines.slice(-3).join('; ').slice(0, 500);
}
