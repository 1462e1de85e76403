import path from 'node:path';

export type NodeName = 'a' | 'b';
export const nodeNames: readonly NodeName[] = ['a', 'b'];

export const ports = {
  nats: 4222,
  leaf: 7422,
  syslog: 5514,
  trap: 1162,
  flow: 2055,
  ipfix: 4739,
  sflow: 6343,
  console: 8080,
  heartbeat: 8081,
  arbiter: 8082,
  'network-binding': 8083,
  'file-sync': 8084,
  collector: 8085,
  notifier: 8086,
  ssh: 10_022,
  postgres: 15_432,
  smtp: 12_525,
} as const;

/** Addresses of the pair: on loopback, or in the namespaces that `--vip` makes. */
export interface Addresses {
  store: string;
  a: string;
  b: string;
  /** The virtual IP with its prefix length; null without `--vip`. */
  vip: string | null;
  /** What the database accepts connections from. */
  network: string;
}

/** Where everything of a pair is. `data` is an absolute path. */
export interface Layout {
  root: string;
  data: string;
  addresses: Addresses;
}

export const cluster = 'demo';
export const database = { name: 'hotstandby', user: 'hotstandby' } as const;

/** `net` is the first three numbers: `127.0.0`. */
export function loopbackAddresses(net: string): Addresses {
  return { store: `${net}.10`, a: `${net}.11`, b: `${net}.12`, vip: null, network: '127.0.0.0/8' };
}

export const peerOf = (node: NodeName): NodeName => (node === 'a' ? 'b' : 'a');

/** Folders and files of one node, as the services expect them. */
export function nodeFolders(layout: Layout, node: NodeName) {
  const home = path.join(layout.data, node);
  const keys = path.join(home, 'keys');
  return {
    home,
    config: path.join(home, 'node.yaml'),
    natsKeys: path.join(keys, 'nats'),
    sshKeys: path.join(keys, 'ssh'),
    natsConfig: path.join(home, 'nats', 'nats.conf'),
    jetstream: path.join(home, 'nats', 'jetstream'),
    data: path.join(home, 'data'),
    files: path.join(home, 'files'),
    logs: path.join(home, 'logs'),
  };
}

/** What both nodes share. */
export function sharedFolders(layout: Pick<Layout, 'data'>) {
  const store = path.join(layout.data, 'store');
  return {
    store,
    passwordFile: path.join(store, 'password'),
    adminPasswordFile: path.join(store, 'admin-password'),
    passFile: path.join(store, 'pgpass'),
    mails: path.join(layout.data, 'mails'),
    logs: path.join(layout.data, 'logs'),
    run: path.join(layout.data, 'run'),
  };
}

/** `postgresql://...` of the pair's database, without the password. */
export function storeUrl(layout: Layout): string {
  return `postgresql://${database.user}@${layout.addresses.store}:${ports.postgres}/${database.name}`;
}

/** Where test traffic and devices send to: the virtual IP where there is one, else both nodes (dual feed). */
export function telemetryTargets(layout: Layout): string[] {
  const { vip } = layout.addresses;
  return vip !== null ? [vip.split('/')[0] ?? ''] : nodeNames.map((node) => layout.addresses[node]);
}

/** Every socket that the pair opens, for a check before anything starts. */
export function listeningSockets(
  layout: Layout,
): { what: string; protocol: 'tcp' | 'udp'; address: string; port: number }[] {
  const { addresses } = layout;
  const tcp = [
    'nats',
    'leaf',
    'console',
    'heartbeat',
    'arbiter',
    'network-binding',
    'file-sync',
    'collector',
    'notifier',
    'ssh',
  ] as const;
  const udp = ['syslog', 'trap', 'flow', 'ipfix', 'sflow'] as const;
  return [
    { what: 'PostgreSQL', protocol: 'tcp' as const, address: addresses.store, port: ports.postgres },
    { what: 'SMTP', protocol: 'tcp' as const, address: addresses.store, port: ports.smtp },
    ...nodeNames.flatMap((node) => [
      ...tcp.map((name) => ({
        what: `node ${node} ${name}`,
        protocol: 'tcp' as const,
        address: addresses[node],
        port: ports[name],
      })),
      ...udp.map((name) => ({
        what: `node ${node} ${name}`,
        protocol: 'udp' as const,
        address: addresses[node],
        port: ports[name],
      })),
    ]),
  ];
}
