import { stringify } from 'yaml';
import { keyName } from './dns/bind.ts';
import {
  type Layout,
  type NodeName,
  cluster,
  dnsKeyFile,
  nodeFolders,
  peerOf,
  ports,
  sharedFolders,
  storeUrl,
} from './layout.ts';

export interface NodeConfigChoices {
  profile: 'fast' | 'standard' | 'classic';
  /** Whether rsync and ssh are there. */
  fileSync: boolean;
}

const mebibyte = 2 ** 20;

function bindingOf(layout: Layout, node: NodeName): object {
  const { addresses, virtualName } = layout;
  if (addresses.vip !== null) return { mode: 'vip', addresses: [addresses.vip] };
  if (!virtualName) return { mode: 'none' };
  const { name, zone, ttlSeconds, address, port } = virtualName;
  const tsig = { name: keyName, keyFile: dnsKeyFile(layout, node) };
  return { mode: 'hostname', name, zone, ttlSeconds, servers: [`${address}:${port}`], tsig };
}

/** The text of a node's `node.yaml`: what the pair decides; everything else has its default. */
export function nodeConfigText(layout: Layout, node: NodeName, choices: NodeConfigChoices): string {
  const { addresses } = layout;
  const folders = nodeFolders(layout, node);
  const shared = sharedFolders(layout);
  const config = {
    cluster,
    node: { name: node, kind: node === 'a' ? 'primary' : 'secondary', address: addresses[node], dataDir: folders.data },
    peer: { name: peerOf(node), address: addresses[peerOf(node)] },
    profile: choices.profile,
    store: { url: storeUrl(layout), passwordFile: shared.passwordFile },
    nats: { url: `nats://${addresses[node]}:${ports.nats}`, keysDir: folders.natsKeys },
    // With a virtual IP people open the console there too.
    ...(addresses.vip === null ? {} : { http: { address: '0.0.0.0' } }),
    binding: bindingOf(layout, node),
    collector: {
      // With a virtual IP devices send to it: then the sockets take every address of the node.
      ...(addresses.vip === null ? {} : { listenAddress: '0.0.0.0' }),
      syslogPorts: [ports.syslog],
      trapPorts: [ports.trap],
      flowPorts: [ports.flow, ports.ipfix],
      sflowPorts: [ports.sflow],
      receiveBufferBytes: 4 * mebibyte,
      ingest: { maxBytes: 256 * mebibyte },
    },
    fileSync: choices.fileSync
      ? {
          enabled: true,
          root: folders.files,
          include: { directories: ['.'] },
          intervalSeconds: 60,
          sshPort: ports.ssh,
          keysDir: folders.sshKeys,
        }
      : { enabled: false },
    notifier: {
      enabled: true,
      smtp: { host: addresses.store, port: ports.smtp, tls: 'none' },
      from: 'hotstandby@example.test',
      to: 'operators@example.test, on-call@example.test',
      quietSeconds: 10,
    },
    log: { format: 'json' },
  };
  return `# Written by npm start at every start; docs/configuration.md lists every field.\n${stringify(config)}`;
}
