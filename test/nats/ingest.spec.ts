import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import type { Ingest, IngestMessage } from '@hotstandby/ports';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startPlainNats, type PlainNats } from '../parts/plain-nats.ts';
import { recordingLog } from '../parts/recording-log.ts';

const bounds = { maxBytes: 64 * 1024 * 1024, maxAgeMs: 3_600_000 };
const limits = { maxMessages: 64, maxBytes: 1024 * 1024 };

let server: PlainNats;
let opened: NatsParts[];
let ending: AbortController;

beforeEach(async () => {
  server = await startPlainNats(['collector']);
  opened = [];
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await Promise.all(opened.map((parts) => parts.close()));
  await server.remove();
});

async function open(): Promise<Ingest> {
  const parts = await connectNats({ config: server.config, service: 'collector', log: recordingLog() });
  opened.push(parts);
  return parts.ingest();
}

const frame = (number: number) => new TextEncoder().encode(`frame ${number}`);
const text = ({ frame: bytes }: { frame: Uint8Array }) => new TextDecoder().decode(bytes);
const appendAll = (ingest: Ingest, from: number, to: number) =>
  Promise.all(
    Array.from({ length: to - from }, (_, index) => ingest.append(frame(from + index), `id-${from + index}`)),
  );

function consuming(ingest: Ingest, name: string, settle = (message: IngestMessage) => message.ack()) {
  const texts: string[] = [];
  const end = new AbortController();
  const ended = ingest.consume(
    { name, from: 'first' },
    limits,
    async (batch) => {
      for (const message of batch) {
        texts.push(text(message));
        settle(message);
      }
    },
    AbortSignal.any([end.signal, ending.signal]),
  );
  return { texts, end, ended };
}

it('delivers frames in order, byte for byte, and settles what is acknowledged', async () => {
  const ingest = await open();
  await ingest.open(bounds);
  await ingest.open({ ...bounds, maxBytes: bounds.maxBytes * 2 });
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await ingest.append(bytes, 'bytes');
  await ingest.append(bytes, 'bytes');
  await appendAll(ingest, 1, 500);
  const messages: IngestMessage[] = [];
  void ingest.consume(
    { name: 'reign-1', from: 'first' },
    limits,
    async (batch) => {
      for (const message of batch) message.ack();
      messages.push(...batch);
    },
    ending.signal,
  );
  await eventually(() => messages.length === 500);
  expect(messages[0]?.frame).toEqual(bytes);
  expect(messages[0]?.id).toBe('bytes');
  expect(new Set(messages.map(({ id }) => id)).size).toBe(500);
  const sequences = messages.map(({ sequence }) => sequence);
  expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  expect(new Set(messages.map(text)).size).toBe(500);
  await eventually(async () => (await ingest.backlog('reign-1')) === 0);
});

it('shares the messages of one consumer between replicas, and gives back what one had not handled', async () => {
  const [one, other] = [await open(), await open()];
  await one.open(bounds);
  await appendAll(one, 0, 300);
  // One takes some and never settles any but the first batch: it is stopped in its handler.
  const kept: string[] = [];
  const end = new AbortController();
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const ended = one.consume(
    { name: 'reign', from: 'first' },
    limits,
    async (batch) => {
      await held;
      for (const message of batch) {
        kept.push(text(message));
        message.ack();
      }
    },
    end.signal,
  );
  const replica = consuming(other, 'reign');
  await eventually(() => replica.texts.length > 100);
  end.abort();
  release();
  await ended;
  await eventually(() => kept.length + replica.texts.length === 300);
  expect(new Set([...kept, ...replica.texts]).size).toBe(300);
  await eventually(async () => (await one.backlog('reign')) === 0);
});

it('delivers again what is to be tried again', async () => {
  const ingest = await open();
  await ingest.open(bounds);
  await appendAll(ingest, 0, 3);
  let refused = 0;
  const { texts } = consuming(ingest, 'reign', (message) => {
    if (text(message) === 'frame 1' && refused++ < 2) message.retry(20);
    else message.ack();
  });
  await eventually(() => texts.length === 5);
  expect(texts.filter((each) => each === 'frame 1')).toHaveLength(3);
});

it('goes on after a kill of the server: nothing lost that was appended, settled messages stay settled', async () => {
  const ingest = await open();
  await ingest.open(bounds);
  await appendAll(ingest, 0, 100);
  const { texts } = consuming(ingest, 'reign');
  await eventually(() => texts.length === 100);
  await eventually(async () => (await ingest.backlog('reign')) === 0);
  await server.kill();
  await expect(ingest.append(frame(100), 'id-100')).rejects.toMatchObject({ code: 'HS_NATS_UNREACHABLE' });
  await server.start();
  await eventually(async () => (await ingest.append(frame(100), 'id-100'), true));
  await appendAll(ingest, 101, 120);
  await eventually(() => texts.includes('frame 119'));
  await ingest.open(bounds);
  // A message may come again when the server lost the note of its settling; none may be missing.
  expect(new Set(texts).size).toBe(120);
  expect(texts.length).toBeLessThan(240);
});

it('watches from a time or from the end, and forgets only consumers', async () => {
  const ingest = await open();
  await ingest.open(bounds);
  await appendAll(ingest, 0, 10);
  const all: string[] = [];
  const fresh: string[] = [];
  void ingest.watch({ startTimeMs: Date.now() - 60_000 }, (message) => all.push(text(message)), ending.signal);
  void ingest.watch('end', (message) => fresh.push(text(message)), ending.signal);
  const reign = consuming(ingest, 'reign-1');
  await eventually(() => all.length === 10 && reign.texts.length === 10);
  reign.end.abort();
  await reign.ended;
  consuming(ingest, 'reign-2');
  await eventually(async () => (await ingest.backlog('reign-2')) === 0);
  await ingest.forgetConsumers('reign-2');
  let count = 10;
  await eventually(async () => {
    await ingest.append(frame(count), `id-${count}`);
    count += 1;
    return fresh.length > 0;
  });
  await eventually(() => all.length === count);
  expect(fresh[0]).not.toBe('frame 0');
});

it('brings the first message of a new consumer within moments: the take-over waits for it', async () => {
  const ingest = await open();
  await ingest.open(bounds);
  await appendAll(ingest, 0, 200);
  const times: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const end = new AbortController();
    const before = performance.now();
    await ingest.consume(
      { name: `reign-${round}`, from: { startTimeMs: Date.now() - 60_000 } },
      limits,
      async () => {
        times.push(performance.now() - before);
        end.abort();
      },
      end.signal,
    );
  }
  times.sort((a, b) => a - b);
  console.info(
    `first message of a new consumer: median ${times[5]?.toFixed(1)} ms, most ${times.at(-1)?.toFixed(1)} ms`,
  );
  expect(times[5]).toBeLessThan(50);

  // And one that waits gets a message as it is stored.
  const arrivals: number[] = [];
  void ingest.consume(
    { name: 'waiting', from: 'first' },
    limits,
    async (batch) => {
      for (const message of batch) {
        arrivals.push(performance.now());
        message.ack();
      }
    },
    ending.signal,
  );
  await eventually(() => arrivals.length === 200);
  const waits: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const before = performance.now();
    await ingest.append(frame(1000 + round), `late-${round}`);
    await eventually(() => arrivals.length === 201 + round);
    waits.push((arrivals[200 + round] ?? 0) - before);
  }
  waits.sort((a, b) => a - b);
  console.info(`a waiting consumer has a message ${waits[10]?.toFixed(1)} ms after its append began`);
  expect(waits[10]).toBeLessThan(50);
});
