import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { freePort, startNatsServer, type NatsServer } from './nats-server.ts';

export interface PlainNats extends NatsServer {
  /** For `connectNats`: the part of a node's configuration that it reads. */
  config: {
    cluster: string;
    node: { name: string; kind: 'primary'; address: string; dataDir: string };
    peer: { name: string; address: string };
    nats: { url: string; keysDir: string; port: number };
  };
  dir: string;
  /** Stops the server and removes its folder. */
  remove(): Promise<void>;
}

/** One server with JetStream for one node, every user with every permission: for tests of what runs above it. */
export async function startPlainNats(users: string[], address = '127.0.0.31'): Promise<PlainNats> {
  const dir = await mkdtemp(join(tmpdir(), 'hs-nats-'));
  const keysDir = join(dir, 'keys');
  await mkdir(keysDir);
  const publicKeys: string[] = [];
  for (const user of users) {
    const pair = nkeys.createUser();
    await writeFile(join(keysDir, `${user}.nk`), new TextDecoder().decode(pair.getSeed()), { mode: 0o600 });
    publicKeys.push(pair.getPublicKey());
  }
  const port = await freePort(address);
  const conf = join(dir, 'nats.conf');
  await writeFile(
    conf,
    `server_name: a
listen: "${address}:${port}"
jetstream { store_dir: "${join(dir, 'jetstream')}", domain: a }
authorization { users: [ ${publicKeys.map((key) => `{ nkey: ${key} }`).join(', ')} ] }
`,
  );
  const server = await startNatsServer(conf, address, port);
  return {
    ...server,
    dir,
    config: {
      cluster: 'test',
      node: { name: 'a', kind: 'primary', address, dataDir: dir },
      peer: { name: 'b', address: '127.0.0.32' },
      nats: { url: `nats://${address}:${port}`, keysDir, port },
    },
    async remove() {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
