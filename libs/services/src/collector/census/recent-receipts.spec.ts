import { expect, it } from 'vitest';
import { receiptOf, tellOf } from './receipt.ts';
import { RecentReceipts } from './recent-receipts.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const datagram = (receivedAtMs: number, sourceAddress = '192.0.2.7') => ({
  kind: 'syslog' as const,
  sourceAddress,
  sourcePort: 1,
  localPort: 514,
  receivedAtMs,
  bytes: bytes(`${receivedAtMs}`),
});
const receipt = (sequence: number, ...times: number[]) =>
  receiptOf(
    { id: `m${sequence}`, sequence },
    times.map((atMs) => datagram(atMs)),
    ({ bytes: all }) => all,
  );
const sequences = (some: readonly { sequence: number }[] | null) => some?.map(({ sequence }) => sequence) ?? null;

it('tells of a message what was received in a time, by source', () => {
  const one = receiptOf(
    { id: 'm', sequence: 5 },
    [datagram(1000), datagram(1500, '192.0.2.8'), datagram(2000)],
    ({ bytes: all }) => all,
  );
  const all = tellOf(one, { fromMs: 0, untilMs: 9000 });
  expect(all?.datagrams).toBe(3);
  expect(all?.told.groups.map(({ source }) => source)).toEqual(['192.0.2.7', '192.0.2.8']);
  // The end is not in it.
  expect(tellOf(one, { fromMs: 1000, untilMs: 2000 })?.datagrams).toBe(2);
  expect(tellOf(one, { fromMs: 2001, untilMs: 9000 })).toBeNull();
  expect(tellOf(one, { fromMs: 1600, untilMs: 1900 })).toBeNull();
});

it('knows nothing of before it began to look', () => {
  const recent = new RecentReceipts();
  expect(recent.from(0, 0, 0)).toBeNull();
  recent.add(receipt(7, 900), 1000);
  recent.add(receipt(8, 1100), 1100);
  expect(recent.from(0, 999, 8)).toBeNull();
  expect(sequences(recent.from(0, 1000, 8))).toEqual([7, 8]);
  expect(sequences(recent.from(8, 1000, 8))).toEqual([8]);
});

it('knows that more is in the stream than it has seen', () => {
  const recent = new RecentReceipts();
  recent.add(receipt(7, 900), 1000);
  expect(recent.from(0, 1000, 8)).toBeNull();
});

it('begins anew after a gap, and with another stream', () => {
  const recent = new RecentReceipts();
  recent.add(receipt(7, 900), 1000);
  recent.add(receipt(9, 1900), 2000);
  expect(recent.from(0, 1500, 9)).toBeNull();
  expect(sequences(recent.from(0, 2000, 9))).toEqual([9]);
  recent.add(receipt(1, 2900), 3000);
  expect(sequences(recent.from(0, 3000, 1))).toEqual([1]);
});

it('keeps so long and so many, and knows from when on', () => {
  const recent = new RecentReceipts({ ms: 10_000, datagrams: 4 });
  recent.add(receipt(1, 100, 200), 200);
  recent.add(receipt(2, 5000), 5000);
  expect(sequences(recent.from(0, 200, 2))).toEqual([1, 2]);
  recent.add(receipt(3, 10_500), 10_500);
  expect(recent.from(0, 200, 3)).toBeNull();
  expect(sequences(recent.from(0, 201, 3))).toEqual([2, 3]);
  recent.add(receipt(4, 10_600, 10_700, 10_800), 10_800);
  expect(recent.from(0, 5000, 4)).toBeNull();
  expect(sequences(recent.from(0, 5001, 4))).toEqual([3, 4]);
});
