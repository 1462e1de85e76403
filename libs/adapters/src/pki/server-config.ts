import { natsUsers, type NatsUser, type Place } from '@hotstandby/contracts';
import { arrivingAt, closedApi, neverFromPeer } from './leaf-permissions.ts';
import { permissionsOf } from './permissions.ts';

export interface NatsServerOptions {
  own: Place;
  peer: Place;
  /** The primary listens for the leaf connection, the secondary makes it. */
  kind: 'primary' | 'secondary';
  /** Where this node's clients connect. */
  listen: { address: string; port: number };
  /** Where the primary listens for the leaf connection. */
  leaf: { address: string; port: number };
  /** Public nkeys. */
  users: Record<NatsUser, string>;
  /** Known to both servers only; the leaf needs it besides its certificate. Letters and digits. */
  leafSecret: string;
  paths: {
    jetstreamDir: string;
    caFile: string;
    leafCertFile: string;
    leafKeyFile: string;
    pidFile?: string | undefined;
    /** Standard error when absent. */
    logFile?: string | undefined;
  };
  /** What all streams of the node may take on disk, in bytes. */
  maxFileBytes?: number | undefined;
}

const account = 'HOTSTANDBY';
const leafUser = 'leaf';
const defaultMaxFileBytes = 4 * 1024 ** 3;
// A consumer's state, not messages.
const maxMemoryBytes = 64 * 1024 ** 2;

/** The configuration file of a node's nats-server (2.9 or later). It holds `leafSecret`: mode 0600. */
export function natsServerConfig(options: NatsServerOptions): string {
  const { own, listen, paths } = options;
  const config = {
    server_name: own.node,
    listen: hostPort(listen),
    ...(paths.pidFile === undefined ? {} : { pid_file: paths.pidFile }),
    ...(paths.logFile === undefined ? {} : { log_file: paths.logFile, logfile_size_limit: 10 * 1024 ** 2 }),
    max_payload: 2 * 1024 ** 2,
    max_connections: 256,
    max_control_line: 8192,
    // A client that hangs, or a peer that was cut off, is noticed within seconds.
    ping_interval: '2s',
    ping_max: 3,
    write_deadline: '5s',
    lame_duck_duration: '30s',
    lame_duck_grace_period: '1s',
    jetstream: {
      domain: own.node,
      store_dir: paths.jetstreamDir,
      max_file_store: options.maxFileBytes ?? defaultMaxFileBytes,
      max_memory_store: maxMemoryBytes,
    },
    accounts: { [account]: { jetstream: 'enabled', users: accountUsers(options) } },
    leafnodes: options.kind === 'primary' ? leafListener(options) : leafRemote(options),
  };
  const lines = Object.entries(config).map(([key, value]) => `${key}: ${JSON.stringify(value, null, 2)}`);
  return `# nats-server of node ${own.node} in cluster ${own.cluster}; made by set-up, the permissions follow the subjects.\n${lines.join('\n')}\n`;
}

function accountUsers(options: NatsServerOptions): unknown[] {
  const { own, peer } = options;
  const users: unknown[] = natsUsers.map((user) => {
    const { publish, subscribe, answers } = permissionsOf(user, own, peer);
    return {
      nkey: options.users[user],
      permissions: { publish, subscribe, ...(answers ? { allow_responses: { max: 1, expires: '10m' } } : {}) },
    };
  });
  if (options.kind === 'primary')
    users.push({
      user: leafUser,
      password: options.leafSecret,
      allowed_connection_types: ['LEAFNODE'],
      // From this server: what it takes from the leaf, and what it gives.
      permissions: { publish: { allow: arrivingAt(own, peer) }, subscribe: { allow: arrivingAt(peer, own) } },
    });
  return users;
}

function leafListener({ leaf, paths }: NatsServerOptions): unknown {
  return { listen: hostPort(leaf), no_advertise: true, tls: { ...leafTls(paths), verify: true, timeout: 5 } };
}

function leafRemote({ own, peer, leaf, leafSecret, paths }: NatsServerOptions): unknown {
  return {
    reconnect: 1,
    remotes: [
      {
        url: `tls://${leafUser}:${encodeURIComponent(leafSecret)}@${hostPort(leaf)}`,
        account,
        tls: { ...leafTls(paths), timeout: 5 },
        deny_imports: [...neverFromPeer(own), ...closedApi(own)],
        deny_exports: [...neverFromPeer(peer), ...closedApi(peer)],
      },
    ],
  };
}

const leafTls = (paths: NatsServerOptions['paths']): Record<string, string> => ({
  cert_file: paths.leafCertFile,
  key_file: paths.leafKeyFile,
  ca_file: paths.caFile,
});

const hostPort = ({ address, port }: { address: string; port: number }): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
