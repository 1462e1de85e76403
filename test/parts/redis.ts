import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './nats-server.ts';
import { endChild } from './end-child.ts';

export interface RedisServer {
  url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** A Redis server of this test; its data outlives `stop` and `start`. */
export async function startRedis(address = '127.0.0.33'): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'hs-redis-'));
  const port = await freePort(address);
  let child: ChildProcess | null = null;
  const start = async () => {
    let said = '';
    const args = ['--bind', address, '--port', String(port), '--dir', dir, '--appendonly', 'yes', '--save', ''];
    const started = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    started.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child = started;
    await eventually(() => {
      if (started.exitCode !== null) throw new Error(said);
      return said.includes('Ready to accept connections');
    });
  };
  const stop = async () => {
    const ending = child;
    child = null;
    await endChild(ending, 'SIGTERM');
  };
  await start();
  return {
    url: `redis://${address}:${port}/0`,
    start,
    stop,
    async remove() {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
