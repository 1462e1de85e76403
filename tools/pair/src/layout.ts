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

/** The virtual hostname that `--hostname` gives the pair, and its DNS server. */
export interface VirtualName {
  name: string;
  zone: string;
  ttlSeconds: number;
  /** The server's. */
  address: string;
  port: number;
}

/** Where everything of a pair is. `data` is an absolute path. */
export interface Layout {
  root: string;
  data: string;
  addresses: Addresses;
  /** Null without `--hostname`. */
  virtualName: VirtualName | null;
}

export const cluster = 'demo';
export const database = { name: 'hotstandby', user: 'hotstandby' } as const;

/** `net` is the first three numbers: `127.0.0`. */
export function loopbackAddresses(net: string): Addresses {
  return { store: `${net}.10`, a: `${net}.11`, b: `${net}.12`, vip: null, network: '127.0.0.0/8' };
}

const dnsPort = 15_353;

/** All pairs of a machine share 127.0.0.1 for their DNS servers: each has a port of its own, by its `net`. */
export function virtualNameFor(net: string): VirtualName {
  const [, second = 0, third = 0] = net.split('.').map(Number);
  const port = net === '127.0.0' ? dnsPort : 16_000 + ((second * 256 + third) % 12_000);
  return { name: 'nms.demo.test', zone: 'demo.test', ttlSeconds: 1, address: '127.0.0.1', port };
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

/** The node's own copy of the key to the zone. */
export const dnsKeyFile = (layout: Layout, node: NodeName): string =>
  path.join(nodeFolders(layout, node).home, 'keys', 'dns.key');

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
    dns: path.join(layout.data, 'dns'),
  };
}

/** `postgresql://...` of the pair's database, without the password. */
export function storeUrl(layout: Layout): string {
  return `postgresql://${database.user}@${layout.addresses.store}:${ports.postgres}/${database.name}`;
}

/** Where test traffic and devices send to: the virtual IP or hostname where there is one, else both nodes (dual feed). */
export function telemetryTargets(layout: Layout): string[] {
  const { vip } = layout.addresses;
  if (layout.virtualName) return [layout.virtualName.name];
  return vip !== null ? [vip.split('/')[0] ?? ''] : nodeNames.map((node) => layout.addresses[node]);
}

/** Every socket that the pair opens, for a check before anything starts. */
export function listeningSockets(
  layout: Layout,
): { what: string; protocol: 'tcp' | 'udp'; address: string; port: number }[] {
  const { addresses, virtualName } = layout;
  const dns = virtualName ? (['tcp', 'udp'] as const) : [];
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
    ...dns.map((protocol) => ({
      what: 'DNS',
      protocol,
      address: virtualName?.address ?? '',
      port: virtualName?.port ?? 0,
    })),
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
