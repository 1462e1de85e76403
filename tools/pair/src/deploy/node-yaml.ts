import { stringify } from 'yaml';
import type { DeployOptions } from './options.ts';

/** Where things are inside the containers; docker/compose.node.yml mounts them there. */
export const containerPaths = {
  node: '/etc/hotstandby',
  data: '/var/lib/hotstandby/data',
  nats: '/var/lib/hotstandby/nats',
  files: '/var/lib/hotstandby/files',
} as const;

export const deployPorts = { nats: 4222, leaf: 7422, ssh: 10_022 } as const;

/** The text of `node.yaml` for one node of a real pair. */
export function deployedNodeYaml(options: DeployOptions, kind: 'primary' | 'secondary'): string {
  const own = options[kind];
  const peer = options[kind === 'primary' ? 'secondary' : 'primary'];
  const { node, data, files } = containerPaths;
  const config = {
    cluster: options.cluster,
    node: { name: own.name, kind, address: own.address, dataDir: data },
    peer: { name: peer.name, address: peer.address },
    profile: options.profile,
    store: { url: options.storeUrl, passwordFile: `${node}/keys/store-password` },
    nats: { url: `nats://${hostOf(own.address)}:${deployPorts.nats}`, keysDir: `${node}/keys/nats` },
    binding: options.vip === null ? { mode: 'none' } : { mode: 'vip', addresses: [options.vip] },
    // With a virtual address devices send to it, and only the active has it: then the sockets take every address.
    ...(options.vip === null ? {} : { collector: { listenAddress: options.vip.includes(':') ? '::' : '0.0.0.0' } }),
    fileSync: {
      enabled: true,
      root: files,
      include: { directories: ['.'] },
      sshPort: deployPorts.ssh,
      keysDir: `${node}/keys/ssh`,
    },
    notifier: { enabled: false },
    log: { format: 'json' },
  };
  return `# Node ${own.name} of cluster ${options.cluster}. Paths are those inside the containers; docs/docker.md tells what is where.
# E-mail alerts: docs/notifications.md; put the SMTP password into keys/ and name it as ${node}/keys/FILE.
${stringify(config)}`;
}

const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address);
