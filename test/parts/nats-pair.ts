import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makePairFiles, type NodeFile } from '@hotstandby/adapters/pki';
import { freePort, startNatsServer, type NatsServer } from './nats-server.ts';

export interface PairedNats extends NatsServer {
  name: 'a' | 'b';
  /** For `connectNats`. */
  config: {
    cluster: string;
    node: { name: string; kind: 'primary' | 'secondary'; address: string; dataDir: string };
    peer: { name: string; address: string };
    nats: { url: string; keysDir: string; port: number };
  };
  dir: string;
}

export interface NatsPair {
  a: PairedNats;
  b: PairedNats;
  leafPort: number;
  remove(): Promise<void>;
}

/** The NATS servers of a pair as set-up makes them: keys, permissions, leaf with mutual TLS. Cluster `test`, nodes a and b. */
export async function startNatsPair(
  addresses: readonly [string, string] = ['127.0.0.33', '127.0.0.34'],
): Promise<NatsPair> {
  const dir = await mkdtemp(join(tmpdir(), 'hs-pair-'));
  const leafPort = await freePort(addresses[0]);
  const node = async (name: 'a' | 'b', address: string) => ({
    name,
    address,
    natsPort: await freePort(address),
    leafPort,
    dir: join(dir, name),
  });
  const nodes = [await node('a', addresses[0]), await node('b', addresses[1])] as const;
  const files = await makePairFiles({ cluster: 'test', nodes });
  const start = async (index: 0 | 1): Promise<PairedNats> => {
    const own = nodes[index];
    const peer = nodes[index === 0 ? 1 : 0];
    await writeNodeFiles(own.dir, files[index]);
    const server = await startNatsServer(join(own.dir, 'nats/nats.conf'), own.address, own.natsPort);
    return {
      ...server,
      name: own.name,
      dir: own.dir,
      config: {
        cluster: 'test',
        node: { name: own.name, kind: index === 0 ? 'primary' : 'secondary', address: own.address, dataDir: own.dir },
        peer: { name: peer.name, address: peer.address },
        nats: {
          url: `nats://${own.address}:${own.natsPort}`,
          keysDir: join(own.dir, 'keys/nats'),
          port: own.natsPort,
        },
      },
    };
  };
  const a = await start(0);
  const b = await start(1);
  return {
    a,
    b,
    leafPort,
    async remove() {
      await Promise.all([a.stop(), b.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function writeNodeFiles(dir: string, files: NodeFile[]): Promise<void> {
  for (const { path, content, mode } of files) {
    const full = join(dir, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content, { mode });
  }
}
