import { subjects, type CensusAnswer, type CensusRequest } from '@hotstandby/contracts';
import { entriesToText } from '@hotstandby/core/ledger';
import { BusError, type Clock, type LedgerReader, type StoredCount } from '@hotstandby/ports';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { expect, it } from 'vitest';
import { verifyLedger } from './verify-ledger.ts';

const minute = 30_000_000;
const nowMs = minute * 60_000 + 90_000;
const [a, b] = ['a', 'b'].map((node) => ({ cluster: 'c', node }));

interface Message {
  id: string;
  kind: 'syslog' | 'flow';
  /** Seconds into the first minute. */
  at: number;
  datagrams?: number;
}

/** A pair with one address fed: what each node received, what the other one has of it, and what is marked as stored. */
async function verified(given: {
  a?: Message[] | 'silent';
  b?: Message[];
  copyOfA?: Message[];
  keptSinceMs?: Partial<Record<'a' | 'b', number | null>>;
  marked: string[];
  /** Some seconds later. */
  markedLater?: string[];
  rows?: StoredCount[];
}) {
  const bus = new LocalBus();
  let looks = 0;
  const answer = (
    messages: Message[],
    { fromMs, untilMs }: CensusRequest,
    keptSinceMs: number | null,
  ): CensusAnswer => {
    const there = messages.filter(
      ({ at }) => minute * 60_000 + at * 1000 >= fromMs && minute * 60_000 + at * 1000 < untilMs,
    );
    const entriesOf = ({ at, datagrams = 1 }: Message) =>
      Array.from({ length: datagrams }, (_, index) => ({
        digest: BigInt(index),
        receivedAtMs: minute * 60_000 + at * 1000,
      }));
    return {
      feed: 'vip',
      clockAheadMs: 0,
      keptSinceMs,
      messages: there.map((message, sequence) => ({
        id: message.id,
        sequence,
        groups: [{ source: '192.0.2.7', kind: message.kind, entries: entriesToText(entriesOf(message)) }],
      })),
      next: null,
    };
  };
  const respond = (node: 'a' | 'b', own: Message[], copy: Message[]) =>
    bus.respond(subjects.census(node === 'a' ? (a ?? never()) : (b ?? never())), (payload) => {
      const request = payload as CensusRequest;
      return answer(request.stream === 'own' ? own : copy, request, given.keptSinceMs?.[node] ?? null);
    });
  if (given.a !== 'silent') respond('a', given.a ?? [], []);
  respond('b', given.b ?? [], given.copyOfA ?? []);
  const ledger: LedgerReader = {
    progress: async () => [{ epoch: 2, nodeId: 'id-b', settledBeforeMs: nowMs, clockAheadMs: 0 }],
    lines: () => never(),
    delivered: async (ids) => {
      looks++;
      const marked = [...given.marked, ...(looks > 3 ? (given.markedLater ?? []) : [])];
      return new Set(ids.filter((id) => marked.includes(id)));
    },
    counts: async () => given.rows ?? [],
    close: async () => {},
  };
  return verifyLedger(60_000, { bus, clock, ledger, own: a ?? never(), peer: b ?? never() });
}
const after = (_: number, act: () => void) => {
  queueMicrotask(act);
  return () => {};
};
const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => 0, bootMs: () => 0, after, every: after };
const never = (): never => {
  throw new Error('not asked for here');
};

it('proves a pair with one address fed by the marks of messages, whichever node had them', async () => {
  const found = await verified({
    a: [{ id: 'a1', kind: 'syslog', at: 5, datagrams: 3 }],
    b: [{ id: 'b1', kind: 'syslog', at: 20 }],
    marked: ['a1', 'b1'],
  });
  expect(found).toMatchObject({
    feed: 'vip',
    verdict: 'proven',
    totals: { received: 4, stored: 4, lost: 0, doubled: 0 },
  });
  expect(found.nodes.map(({ received }) => received)).toEqual([3, 1]);
});

it('looks again for what is on its way to the store, and calls it lost when it does not come', async () => {
  const a: Message[] = [{ id: 'a1', kind: 'syslog', at: 5 }];
  expect(await verified({ a, marked: [], markedLater: ['a1'] })).toMatchObject({ verdict: 'proven' });
  expect(await verified({ a, marked: [] })).toMatchObject({ verdict: 'broken', totals: { received: 1, lost: 1 } });
});

it('needs no row of a flow: the sums by minute may be all that is stored of them', async () => {
  const flows: Message[] = [{ id: 'a1', kind: 'flow', at: 5, datagrams: 2 }];
  const proven = await verified({ a: flows, marked: ['a1'] });
  expect(proven).toMatchObject({ verdict: 'proven', totals: { received: 2, stored: 2 } });
  expect(proven.lines).toMatchObject([{ kind: 'flow', rows: null }]);
  expect(await verified({ a: flows, marked: [] })).toMatchObject({ verdict: 'broken', totals: { lost: 2 } });
});

it('sees a node that is away through the copy, and says so', async () => {
  const copyOfA: Message[] = [{ id: 'a1', kind: 'syslog', at: 5 }];
  const found = await verified({ a: 'silent', copyOfA, marked: ['a1'] });
  expect(found).toMatchObject({ verdict: 'proven', totals: { received: 1, stored: 1 } });
  expect(found.notes).toContainEqual(
    expect.stringContaining("node a is away and was seen through the other one's copy"),
  );
});

it('begins where both have kept everything, and says when that is later than what was asked for', async () => {
  const a: Message[] = [{ id: 'a1', kind: 'syslog', at: 5 }];
  const b: Message[] = [{ id: 'b1', kind: 'syslog', at: 40 }];
  const marked = ['a1', 'b1'];
  const whole = await verified({ a, b, marked, keptSinceMs: { a: 0, b: null } });
  expect(whole).toMatchObject({ totals: { received: 2 }, notes: [] });
  const cut = await verified({ a, b, marked, keptSinceMs: { a: 0, b: minute * 60_000 + 30_000 } });
  expect(cut).toMatchObject({
    totals: { received: 1 },
    notes: [expect.stringContaining('INGEST of node b begins later')],
  });
});

it('names the node that tells no further, and ends with its code', async () => {
  const bus = new LocalBus();
  const empty = { feed: 'vip' as const, clockAheadMs: 0, keptSinceMs: 0, messages: [], next: null };
  for (const place of [a, b])
    bus.respond(subjects.census(place ?? never()), (payload) => {
      if ((payload as CensusRequest).untilMs > 0) throw new BusError('timeout', 'no answer within 15 s');
      return empty;
    });
  const progress = async () => [{ epoch: 2, nodeId: 'id-b', settledBeforeMs: nowMs, clockAheadMs: 0 }];
  const ledger = { progress } as unknown as LedgerReader;
  const asked = verifyLedger(60_000, { bus, clock, ledger, own: a ?? never(), peer: b ?? never() });
  await expect(asked).rejects.toThrow(/^node a tells what it received no further/);
});
