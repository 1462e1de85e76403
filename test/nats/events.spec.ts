import { makeEvent } from '@hotstandby/contracts';
import { connectNats, type NatsParts } from '@hotstandby/adapters/nats';
import type { CloudEvent, EventLog, ReadOptions } from '@hotstandby/ports';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { startPlainNats, type PlainNats } from '../parts/plain-nats.ts';
import { recordingLog } from '../parts/recording-log.ts';

let server: PlainNats;
let opened: NatsParts[];
let ending: AbortController;

beforeEach(async () => {
  server = await startPlainNats(['arbiter', 'heartbeat', 'notifier', 'console', 'subscriber']);
  opened = [];
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await Promise.all(opened.map((parts) => parts.close()));
  await server.remove();
});

async function open(service: Parameters<typeof connectNats>[0]['service']) {
  const parts = await connectNats({ config: server.config, service, log: recordingLog() });
  opened.push(parts);
  return parts;
}

const event = (id: string, type: 'peer.found' | 'mail.sent' = 'peer.found'): CloudEvent =>
  makeEvent(
    { cluster: 'test', node: 'a', service: 'heartbeat' },
    type,
    (type === 'peer.found' ? { peer: 'b' } : { alert: 'x', kind: 'k', to: [], subject: id }) as { peer: string },
    { id, wallMs: 0 },
  );

/** Reads in the background; `ids` fills. */
function reading(log: EventLog, options: ReadOptions, signal: AbortSignal = ending.signal) {
  const ids: string[] = [];
  const ended = log.read(options, ({ id }) => void ids.push(id), signal);
  return { ids, ended };
}

it('keeps events in order although they are told before the stream, the server or anything else is there', async () => {
  await server.kill();
  const { events } = await open('heartbeat');
  const told = ['1', '2', '3'].map((id) => events.append(event(id)));
  await server.start();
  // No stream yet: only the arbiter makes it.
  await eventually(() => opened[0]?.bus.connected());
  await open('arbiter');
  await Promise.all(told);
  const { ids } = reading((await open('console')).events, {});
  await eventually(() => ids.length === 3);
  expect(ids).toEqual(['1', '2', '3']);
});

it('stores an event once although it is told twice, and survives a kill of the server with appends under way', async () => {
  await open('arbiter');
  const { events } = await open('heartbeat');
  const { ids } = reading((await open('console')).events, {});
  const all: Promise<void>[] = [];
  const expected: string[] = [];
  const tell = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      const id = `event-${expected.length}`;
      expected.push(id);
      all.push(events.append(event(id)));
    }
  };
  await events.append(event('event-0'));
  tell(50);
  await eventually(() => ids.length > 10);
  await server.kill();
  tell(50);
  await server.start();
  await Promise.all(all);
  await eventually(() => ids.length >= 100);
  expect(ids).toEqual(expected);
});

it('resumes after an event id, only with what is new, by type, and by a durable name', async () => {
  await open('arbiter');
  const { events } = await open('heartbeat');
  for (let index = 0; index < 5; index += 1) await events.append(event(`old-${index}`));
  const reader = (await open('console')).events;
  const after = reading(reader, { afterId: 'old-2' });
  const unknown = reading(reader, { afterId: 'nobody-knows' });
  const fresh = reading(reader, { onlyNew: true });
  const typed = reading(reader, { types: ['mail.sent'] });
  await eventually(() => after.ids.length === 2 && unknown.ids.length === 5);

  const durable = (await open('notifier')).events;
  const first = new AbortController();
  const before = reading(durable, { durableName: 'notifier' }, first.signal);
  await eventually(() => before.ids.length === 5);
  first.abort();
  await before.ended;

  // Of whoever only wants what is new, nothing shows that it has begun; so tell until it hears.
  let told = 0;
  await eventually(async () => {
    await events.append(event(`new-${told}`));
    told += 1;
    return fresh.ids.length > 0;
  });
  await events.append(event('mail', 'mail.sent'));
  await eventually(() => fresh.ids.includes('mail') && typed.ids.length === 1);
  expect(fresh.ids.some((id) => id.startsWith('old'))).toBe(false);
  expect(typed.ids).toEqual(['mail']);
  expect(after.ids.slice(0, 3)).toEqual(['old-3', 'old-4', 'new-0']);

  const again = reading(durable, { durableName: 'notifier' });
  await eventually(() => again.ids.length === told + 1);
  expect(again.ids[0]).toBe('new-0');
});

it('tries an event again, before any other, when a durable reader fails', async () => {
  await open('arbiter');
  const { events } = await open('heartbeat');
  const reader = (await open('notifier')).events;
  await events.append(event('1'));
  await events.append(event('2'));
  const seen: string[] = [];
  void reader.read(
    { durableName: 'notifier' },
    ({ id }) => {
      seen.push(id);
      if (seen.length === 1) throw new Error('not now');
    },
    ending.signal,
  );
  await eventually(() => seen.length === 3);
  expect(seen).toEqual(['1', '1', '2']);
});

it('gives up the oldest when too many wait, says how many, and lets nobody wait for ever', async () => {
  await server.kill();
  const log = recordingLog();
  const parts = await connectNats({ config: server.config, service: 'heartbeat', log });
  opened.push(parts);
  const told = Array.from({ length: 10_003 }, (_, index) => parts.events.append(event(`${index}`)));
  const outcomes = Promise.allSettled(told.slice(0, 3));
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await parts.close();
  const all = await Promise.allSettled(told);
  expect(all.every(({ status }) => status === 'rejected')).toBe(true);
  expect(log.lines.some(({ fields }) => fields?.['count'] === 10_000)).toBe(true);
});

it('begins so many before the end, and ends by itself when it has read what was there', async () => {
  await open('arbiter');
  const { events } = await open('heartbeat');
  for (let n = 1; n <= 5; n += 1) await events.append(event(`${n}`, n === 4 ? 'mail.sent' : 'peer.found'));
  const log = (await open('console')).events;
  const read = async (options: ReadOptions) => {
    const { ids, ended } = reading(log, { toEnd: true, ...options });
    await ended;
    return ids;
  };
  expect(await read({ last: 2 })).toEqual(['4', '5']);
  expect(await read({ last: 99 })).toEqual(['1', '2', '3', '4', '5']);
  expect(await read({ last: 0 })).toEqual([]);
  expect(await read({ afterId: '3' })).toEqual(['4', '5']);
  expect(await read({ last: 4, types: ['mail.sent'] })).toEqual(['4']);
});
