import { durableReaders, inboxPrefix, makeEvent } from '@hotstandby/contracts';
import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import { jetstream } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startNatsPair, type NatsPair } from '../parts/nats-pair.ts';
import { recordingLog } from '../parts/recording-log.ts';

let pair: NatsPair;
const opened: NatsParts[] = [];
const ending = new AbortController();

beforeAll(async () => {
  pair = await startNatsPair();
});
afterAll(async () => {
  ending.abort();
  await Promise.all(opened.map((parts) => parts.close()));
  await pair?.remove();
});

async function open(service: 'arbiter' | 'collector' | 'notifier') {
  const log = recordingLog();
  const parts = await connectNats({ config: pair.a.config, service, log });
  opened.push(parts);
  return { ...parts, log };
}

const event = (id: string) =>
  makeEvent({ cluster: 'test', node: 'a', service: 'arbiter' }, 'peer.found', { peer: 'b' }, { id, wallMs: 0 });

it('lets a plain NATS client follow the ops stream, and keeps its hands off the services’ readers', async () => {
  const arbiter = await open('arbiter');
  const notifier = await open('notifier');
  const mailed: string[] = [];
  void notifier.events.read({ durableName: 'notifier' }, ({ id }) => void mailed.push(id), ending.signal);
  await arbiter.events.append(event('one'));
  await eventually(() => mailed.includes('one'));

  // As the documentation shows it to outsiders.
  const seed = await readFile(join(pair.a.config.nats.keysDir, 'subscriber.nk'));
  const connection = await connect({
    servers: pair.a.config.nats.url,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed.toString().trim())),
    inboxPrefix: inboxPrefix('a', 'subscriber'),
  });
  const seen: string[] = [];
  const consumer = await jetstream(connection).consumers.get('OPS');
  const messages = await consumer.consume({ callback: (message) => void seen.push(message.json<{ id: string }>().id) });
  await arbiter.events.append(event('two'));
  await eventually(() => seen.length === 2);
  expect(seen).toEqual(['one', 'two']);
  messages.stop();

  expect(durableReaders['notifier']).toBe('notifier');
  for (const subject of [
    '$JS.API.CONSUMER.DELETE.OPS.notifier',
    '$JS.API.CONSUMER.MSG.NEXT.OPS.notifier',
    '$JS.API.STREAM.PURGE.OPS',
    '$JS.API.STREAM.DELETE.OPS',
    '$JS.API.STREAM.INFO.INGEST',
    '$JS.b.API.STREAM.DELETE.OPS',
  ])
    await expect(connection.request(subject, '', { timeout: 2000 }), subject).rejects.toThrow(/permissions/i);
  await connection.close();
  await arbiter.events.append(event('three'));
  await eventually(() => mailed.includes('three'));
});

it('gives the collector all that it needs for INGEST', async () => {
  const collector = await open('collector');
  const ingest = collector.ingest();
  await ingest.open({ maxBytes: 16 * 1024 * 1024, maxAgeMs: 600_000 });
  await ingest.open({ maxBytes: 32 * 1024 * 1024, maxAgeMs: 600_000 });
  const seen: number[] = [];
  const watched: number[] = [];
  void ingest.watch({ startTimeMs: Date.now() - 60_000 }, ({ sequence }) => watched.push(sequence), ending.signal);
  void ingest.consume(
    { name: 'reign-1', from: { startTimeMs: Date.now() - 60_000 } },
    { maxMessages: 10, maxBytes: 1024 * 1024 },
    async (batch) => {
      for (const message of batch) {
        expect(message.id).toBe(`frame-${message.sequence - 1}`);
        seen.push(message.sequence);
        message.ack();
      }
    },
    ending.signal,
  );
  for (let index = 0; index < 5; index += 1) await ingest.append(Uint8Array.of(index), `frame-${index}`);
  await eventually(() => seen.length === 5 && watched.length === 5);
  await eventually(async () => (await ingest.backlog('reign-1')) === 0);
  await ingest.forgetConsumers('reign-2');
  expect(await ingest.backlog('reign-1')).toBe(0);
  expect(collector.log.lines.filter(({ message }) => message.includes('refused'))).toEqual([]);
});
