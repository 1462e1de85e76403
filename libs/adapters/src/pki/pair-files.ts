import { isAbsolute, join } from 'node:path';
import { natsUsers, type NatsUser } from '@hotstandby/contracts';
import { makePairSecrets, type NodeFile } from './pair-secrets.ts';
import { natsServerConfig } from './server-config.ts';

export interface PairNode {
  name: string;
  /** By which the other node and its own services reach it. */
  address: string;
  natsPort: number;
  /** The primary's is listened on; the secondary's is not used. */
  leafPort: number;
  /** The node's folder, absolute: nats-server takes relative paths from where it was started. */
  dir: string;
  /** Where the server keeps `jetstream/` and its pid, absolute; `<dir>/nats` by default. For a node folder that is mounted read-only. */
  stateDir?: string | undefined;
  /** What all streams of the node may take on disk, in bytes. */
  maxFileBytes?: number | undefined;
}

export interface PairOptions {
  cluster: string;
  /** The primary first. */
  nodes: readonly [PairNode, PairNode];
  nowMs?: number;
}

/**
 * Every file that two nodes need for NATS, for each node in the order given: keys, certificates and `nats/nats.conf`, paths
 * relative to the node's folder. The folders `nats/jetstream` and `logs` are made by whoever writes the files. Keys are new
 * each time: a pair in use must not be written over on one node only.
 */
export async function makePairFiles(options: PairOptions): Promise<[NodeFile[], NodeFile[]]> {
  const { cluster, nodes, nowMs } = options;
  const [primary] = nodes;
  const secrets = await makePairSecrets({
    cluster,
    nodes: [...nodes],
    users: natsUsers,
    ...(nowMs === undefined ? {} : { nowMs }),
  });
  const filesOf = (index: 0 | 1): NodeFile[] => {
    const node = nodes[index];
    const made = secrets.nodes[index];
    if (!made) throw new RangeError('secrets for both nodes');
    const at = (path: string): string => join(node.dir, path);
    const { stateDir = at('nats') } = node;
    for (const dir of [node.dir, stateDir]) {
      if (!isAbsolute(dir)) throw new RangeError(`the folder of node ${node.name} must be absolute: ${dir}`);
    }
    const conf = natsServerConfig({
      own: { cluster, node: node.name },
      peer: { cluster, node: nodes[index === 0 ? 1 : 0].name },
      kind: index === 0 ? 'primary' : 'secondary',
      listen: { address: node.address, port: node.natsPort },
      leaf: { address: primary.address, port: primary.leafPort },
      users: made.users as Record<NatsUser, string>,
      leafSecret: secrets.leafSecret,
      paths: {
        jetstreamDir: join(stateDir, 'jetstream'),
        caFile: at('keys/nats/ca.pem'),
        leafCertFile: at('keys/nats/leaf.pem'),
        leafKeyFile: at('keys/nats/leaf-key.pem'),
        pidFile: join(stateDir, 'nats.pid'),
      },
      maxFileBytes: node.maxFileBytes,
    });
    return [...made.files, { path: 'nats/nats.conf', content: conf, mode: 0o600 }];
  };
  return [filesOf(0), filesOf(1)];
}
