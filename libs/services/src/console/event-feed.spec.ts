import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock, settle } from '@hotstandby/testing/manual-clock';
import type { CloudEvent, EventLog, ReadOptions } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { EventFeed } from './event-feed.ts';

/** An event log that a test feeds by hand, one reader at a time. */
class FedLog implements EventLog {
  asked: ReadOptions[] = [];
  reading = 0;
  tell: (event: CloudEvent) => Promise<void> | void = () => {};
  append = async () => {};

  async read(options: ReadOptions, handler: (event: CloudEvent) => Promise<void> | void, signal: AbortSignal) {
    this.asked.push(options);
    this.tell = handler;
    if (signal.aborted) return;
    this.reading++;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    this.reading--;
  }
}

const event = (id: string): CloudEvent => ({
  specversion: '1.0',
  id,
  source: '/hotstandby/c/a/arbiter',
  type: 'peer.found',
  time: '2026-01-01T00:00:00.000Z',
  data: { peer: 'b' },
});

function fed() {
  const clock = new ManualClock();
  const events = new FedLog();
  const feed = new EventFeed({ events, bus: new LocalBus(), clock });
  const gone = new AbortController();
  const wrote: string[] = [];
  return { clock, events, feed, gone, wrote };
}

it('passes on what it was asked for, sends heartbeats when nothing happens, and ends with its client', async () => {
  const { clock, events, feed, gone, wrote } = fed();
  const sink = { write: async (text: string) => void wrote.push(text) };
  const ended = feed.follow({ after: 'x', last: 0, types: ['peer.found'] }, sink, gone.signal);
  await settle();
  expect(events.asked).toEqual([{ afterId: 'x', last: 0, types: ['peer.found'] }]);
  await events.tell(event('1'));
  await clock.advance(31_000);
  expect(wrote).toEqual(['retry: 2000\n\n', expect.stringMatching(/^id: 1\n/), ': heartbeat\n\n', ': heartbeat\n\n']);
  gone.abort();
  await ended;
  expect(events.reading).toBe(0);
  expect(feed.readers()).toBe(0);
});

it('waits for a slow client instead of keeping events for it, and gives up one that takes nothing', async () => {
  const { clock, events, feed, gone, wrote } = fed();
  const sink = {
    write: (text: string) => {
      wrote.push(text);
      return text.startsWith('retry') ? Promise.resolve() : new Promise<void>(() => {});
    },
  };
  const ended = feed.follow({ last: 0 }, sink, gone.signal);
  await settle();
  let taken = false;
  void Promise.resolve(events.tell(event('1'))).then(() => (taken = true));
  await clock.advance(20_000);
  expect(taken).toBe(false);
  expect(wrote).toHaveLength(2);
  await clock.advance(11_000);
  await ended;
  expect(events.reading).toBe(0);
});

it('ends when writing fails, and when it is stopped', async () => {
  const { events, feed, gone } = fed();
  const failing = feed.follow({ last: 0 }, { write: () => Promise.reject(new Error('reset')) }, gone.signal);
  await failing;
  const stopped = feed.follow({ last: 0 }, { write: async () => {} }, gone.signal);
  await settle();
  expect(events.reading).toBe(1);
  feed.stop();
  await stopped;
  expect(events.reading).toBe(0);
});

it('admits no more than 32 readers', async () => {
  const { feed, gone } = fed();
  const all = Array.from({ length: 32 }, () => {
    feed.admit();
    return feed.follow({ last: 0 }, { write: async () => {} }, gone.signal);
  });
  expect(() => feed.admit()).toThrow(expect.objectContaining({ code: 'HS_TOO_MANY' }));
  gone.abort();
  await Promise.all(all);
  feed.admit();
});
