import { ManualClock } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { HeldMessages } from './held-messages.ts';
import type { OpenedMessage } from './message-records.ts';

const message = (sequence: number, bytes = 10): OpenedMessage => ({
  message: { id: `${sequence}`, sequence, frame: new Uint8Array(bytes), ack() {}, retry() {} },
  share: { datagrams: [], stored: [], settled: [], before: 0 },
  fault: null,
});
const limits = { maxMs: 1000, maxBytes: 100, maxMessages: 3 };
const over = (held: HeldMessages) =>
  held
    .list()
    .filter((one) => one.over)
    .map((one) => one.opened.message.sequence);

it('lets a message wait for its time, counted from its first coming', async () => {
  const clock = new ManualClock();
  const held = new HeldMessages(clock, limits);
  held.hold(message(1));
  await clock.advance(600);
  held.hold(message(2));
  // Delivered again because it was not settled.
  held.hold(message(1));
  expect(held.size()).toBe(2);
  expect(over(held)).toEqual([]);
  await clock.advance(400);
  expect(over(held)).toEqual([1]);
});

it('makes room by the oldest, for number and for bytes', () => {
  const held = new HeldMessages(new ManualClock(), limits);
  for (const sequence of [1, 2, 3, 4, 5]) held.hold(message(sequence));
  expect(over(held)).toEqual([1, 2]);
  held.release(message(1));
  held.release(message(2));
  expect(over(held)).toEqual([]);
  held.hold(message(6, 75));
  expect(over(held)).toEqual([3]);
});

it('knows messages of another stream apart', () => {
  const held = new HeldMessages(new ManualClock(), limits);
  held.hold(message(1));
  const other = message(1);
  held.hold({ ...other, message: { ...other.message, id: 't' } });
  expect(held.size()).toBe(2);
  expect(held.clear()).toHaveLength(2);
  expect(held.size()).toBe(0);
});
