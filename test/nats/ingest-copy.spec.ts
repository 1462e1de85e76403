import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import type { Ingest, IngestCopy, IngestMessage } from '@hotstandby/ports';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair } from '../parts/nats-pair.ts';
import { recordingLog } from '../parts/recording-log.ts';

// Node b keeps a copy of what node a received: JetStream's mirror over the leaf connection, with the permissions of set-up.

let pair: NatsPair;
let opened: NatsParts[];
let ending: AbortController;
let ingest: Ingest;
let copy: IngestCopy;
const bounds = { maxBytes: 16 * 1024 * 1024, maxAgeMs: 600_000 };

beforeEach(async () => {
  pair = await startNatsPair();
  ending = new AbortController();
  const open = (config: NatsPair['a']['config']) => connectNats({ config, service: 'collector', log: recordingLog() });
  const [onA, onB] = (opened = await Promise.all([open(pair.a.config), open(pair.b.config)]));
  if (!onA || !onB) throw new Error('two were opened');
  ingest = onA.ingest();
  copy = onB.ingestCopy();
  await Promise.all([ingest.open(bounds), onB.ingest().open(bounds), copy.open(bounds)]);
});
afterEach(async () => {
  ending.abort();
  await Promise.all(opened.map((parts) => parts.close()));
  await pair.remove();
});

/** What comes out of the copy from now on; everything is settled. */
function copied(): IngestMessage[] {
  const messages: IngestMessage[] = [];
  void copy.consume(
    { name: 'deliver-2', from: 'first' },
    { maxMessages: 50, maxBytes: 1024 * 1024 },
    async (batch) => {
      for (const message of batch) message.ack();
      messages.push(...batch);
    },
    ending.signal,
  );
  return messages;
}

const append = async (from: number, to: number) => {
  for (let index = from; index < to; index++) await ingest.append(Uint8Array.of(index), `frame-${index}`);
};

it('brings every message over under its name, number and time', async () => {
  await append(0, 20);
  const messages = copied();
  await append(20, 40);
  await eventually(() => messages.length === 40, 10_000, 'the copies');
  expect(messages.map(({ id, sequence }) => [id, sequence])).toEqual(
    Array.from({ length: 40 }, (_, index) => [`frame-${index}`, index + 1]),
  );
  expect([...(messages[7]?.frame ?? [])]).toEqual([7]);
  await eventually(async () => (await copy.backlog('deliver-2')) === 0);
});

it('keeps what it has while the peer is dead, and gets the rest when it returns', async () => {
  const messages = copied();
  await append(0, 5);
  await eventually(() => messages.length === 5);
  await pair.b.kill();
  await append(5, 10);
  await pair.a.kill();
  await pair.b.start();
  // What was not copied yet is with the dead one; what was, can be read.
  await eventually(async () => (await copy.backlog('deliver-2')) === 0);
  await pair.a.start();
  await eventually(async () => (await ingest.append(Uint8Array.of(10), 'frame-10'), true), 10_000);
  await eventually(() => new Set(messages.map(({ id }) => id)).size === 11, 40_000, 'all after the return');
});
