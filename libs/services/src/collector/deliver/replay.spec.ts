import type { Datagram } from '@hotstandby/ports';
import { digestOf } from '@hotstandby/core/ledger';
import { expect, it } from 'vitest';
import type { LedgerExtract } from '@hotstandby/ports';
import { Replay, settlementOf } from './replay.ts';

const one = (text: string, receivedAtMs: number): Datagram => ({
  kind: 'syslog',
  sourceAddress: '192.0.2.1',
  sourcePort: 1,
  localPort: 514,
  receivedAtMs,
  bytes: new TextEncoder().encode(text),
});
const entry = (text: string, receivedAtMs: number) => ({ digest: digestOf(one(text, 0)), receivedAtMs });
const bounds = { fromMs: 10_000, untilMs: 14_000, reachMs: 1000 };
const message = (sequence: number) => ({ id: String(sequence) });
const replayOf = async (ledger: LedgerExtract, alike?: (datagram: Datagram) => Uint8Array) =>
  new Replay(bounds, await settlementOf(ledger, bounds.reachMs, async () => {}), alike && { alike });
const stamps = (datagrams: { receivedAtMs: number }[]) => datagrams.map(({ receivedAtMs }) => receivedAtMs);

it('leaves out what is stored in its other copy, however late that lay in a buffer', async () => {
  const replay = await replayOf({ stored: [entry('x', 11_000), entry('y', 13_500)], settled: [] });
  const share = replay.shareOf(message(1), [one('x', 11_200), one('x', 11_300), one('y', 14_000), one('z', 14_001)]);
  expect(stamps(share.settled)).toEqual([11_200, 14_000]);
  expect(stamps(share.datagrams)).toEqual([11_300, 14_001]);
  expect(share.stored).toEqual([entry('x', 11_300), entry('z', 14_001)]);
});

it('looks for no copies behind the replay: an equal datagram is a new one', async () => {
  const replay = await replayOf({ stored: [entry('x', 13_900)], settled: [] });
  expect(stamps(replay.shareOf(message(1), [one('x', 14_001)]).datagrams)).toEqual([14_001]);
});

it('lets what was received just before use up its copies, so that no later one is taken for it', async () => {
  const replay = await replayOf({ stored: [entry('x', 9900)], settled: [] });
  const share = replay.shareOf(message(1), [one('x', 8999), one('x', 9950), one('x', 10_100)]);
  expect([share.before, stamps(share.settled), stamps(share.datagrams)]).toEqual([1, [9950], [10_100]]);
});

it('takes up what this tenure had settled before', async () => {
  const ledger = { stored: [entry('x', 11_000), entry('x', 12_000)], settled: [entry('x', 11_050)] };
  const replay = await replayOf(ledger);
  const share = replay.shareOf(message(1), [one('x', 11_100), one('x', 12_100), one('x', 12_200)]);
  expect([stamps(share.settled), stamps(share.datagrams)]).toEqual([[11_100], [12_100, 12_200]]);
});

it('gives a message that comes again the same share, until it is settled', async () => {
  const replay = await replayOf({ stored: [entry('x', 11_000)], settled: [] });
  const datagrams = [one('x', 11_000)];
  const first = replay.shareOf(message(1), datagrams);
  expect(replay.shareOf(message(1), datagrams)).toBe(first);
  expect(first.settled).toHaveLength(1);
  replay.forget(message(1));
  expect(replay.shareOf(message(1), datagrams).settled).toHaveLength(0);
});

it('leaves nothing out any more once it has ended: the wall clock was set back', async () => {
  const replay = await replayOf({ stored: [entry('x', 11_000)], settled: [] });
  replay.shareOf(message(1), [one('y', 19_001), one('y', 19_002)]);
  expect(replay.over()).toBe(false);
  replay.end();
  expect(stamps(replay.shareOf(message(2), [one('x', 11_000), one('x', 10)]).datagrams)).toEqual([11_000, 10]);
});

it('takes everything where nobody stored anything before', async () => {
  expect(stamps(Replay.ofEverything('with ledger').shareOf(message(1), [one('x', -5), one('x', 0)]).datagrams)).toEqual(
    [-5, 0],
  );
});

it('knows copies by what is alike in them where the decoder says so', async () => {
  const alike = (datagram: Datagram) => datagram.bytes.subarray(0, 1);
  const replay = await replayOf({ stored: [entry('x', 11_000)], settled: [] }, alike);
  const share = replay.shareOf(message(1), [one('x-of-the-other-node', 11_200), one('y', 11_200)]);
  expect(stamps(share.settled)).toEqual([11_200]);
  expect(share.settled[0]?.digest).toBe(entry('x', 0).digest);
  expect(share.stored).toEqual([entry('y', 11_200)]);
});
