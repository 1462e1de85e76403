import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import { makeEvent } from '@hotstandby/contracts';
import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair, type PairedNats } from '../parts/nats-pair.ts';
import { recordingLog } from '../parts/recording-log.ts';

let pair: NatsPair;
let subscriber: ChildProcess | null = null;
const arbiters: NatsParts[] = [];
const lines: string[] = [];

beforeAll(async () => {
  pair = await startNatsPair(['127.0.0.35', '127.0.0.36']);
});
afterAll(async () => {
  subscriber?.kill('SIGKILL');
  await Promise.all(arbiters.map((parts) => parts.close()));
  await pair?.remove();
});

async function arbiterOf(node: PairedNats) {
  const parts = await connectNats({ config: node.config, service: 'arbiter', log: recordingLog() });
  arbiters.push(parts);
  const tell = (peer: string) =>
    parts.events.append(
      makeEvent(
        { cluster: 'test', node: node.name, service: 'arbiter' },
        'peer.found',
        { peer },
        { id: peer, wallMs: Date.now() },
      ),
    );
  return { tell };
}

const shown = () => lines.map((line) => /"peer":"(\w+)"/.exec(line)?.[1]).toSorted();

it('follows both nodes on either one, and shows each event once', async () => {
  const [a, b] = [await arbiterOf(pair.a), await arbiterOf(pair.b)];
  const argument = ({ name, config, dir }: PairedNats) =>
    `${name}=${config.nats.url.replace('nats://', '')}=${join(dir, 'keys/nats/subscriber.nk')}`;
  // The stream is there when the first event is.
  await Promise.all([a.tell('before1'), b.tell('before2')]);

  subscriber = spawn(
    process.execPath,
    [resolve(import.meta.dirname, '../../examples/subscriber.mjs'), argument(pair.a), argument(pair.b)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let rest = '';
  subscriber.stdout?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  let told = 0;
  // Nothing says when it listens: it shows what is told from its start on.
  await eventually(async () => {
    await a.tell(`start${told++}`);
    return lines.length > 0;
  });
  await b.tell('overtheleaf');
  await eventually(() => shown().includes('overtheleaf'), 30_000);

  await pair.a.kill();
  await b.tell('onthesurvivor');
  await eventually(() => shown().includes('onthesurvivor'), 30_000);
  await pair.a.start();
  await a.tell('afterreturn');
  await eventually(() => shown().includes('afterreturn'), 30_000);

  await pair.b.kill();
  await a.tell('ontheother');
  await eventually(() => shown().includes('ontheother'), 30_000);
  expect(new Set(shown()).size).toBe(lines.length);
});
