import { CodedError, subjects, type CensusAnswer, type CensusRequest } from '@hotstandby/contracts';
import { entriesToText, type LedgerEntry } from '@hotstandby/core/ledger';
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
  copyOfA?: Message[] | 'not kept';
  feed?: 'dual' | 'vip';
  /** With both nodes fed: what is stored. */
  ledger?: LedgerEntry[];
  spanMs?: number;
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
      feed: given.feed ?? 'vip',
      clockAheadMs: 0,
      keptSinceMs,
      waitingSinceMs: null,
      messages: there.map((message, sequence) => ({
        id: message.id,
        sequence,
        groups: [{ source: '192.0.2.7', kind: message.kind, entries: entriesToText(entriesOf(message)) }],
      })),
      next: null,
    };
  };
  const respond = (node: 'a' | 'b', own: Message[], copy: Message[] | 'not kept') =>
    bus.respond(subjects.census(node === 'a' ? (a ?? never()) : (b ?? never())), (payload) => {
      const request = payload as CensusRequest;
      const messages = request.stream === 'own' ? own : copy;
      if (messages === 'not kept') throw new CodedError('HS_NO_COPY', 'this node keeps no copy');
      return answer(messages, request, given.keptSinceMs?.[node] ?? null);
    });
  if (given.a !== 'silent') respond('a', given.a ?? [], []);
  respond('b', given.b ?? [], given.copyOfA ?? []);
  const ledger: LedgerReader = {
    progress: async () => [
      { epoch: 2, nodeId: 'id-b', settledBeforeMs: nowMs, clockAheadMs: 0, ownFromMs: null, otherBeforeMs: null },
    ],
    lines: async function* () {
      if (!given.ledger) never();
      const stored = (given.ledger ?? []).toSorted((one, other) => one.receivedAtMs - other.receivedAtMs);
      yield { epoch: 2, nodeId: 'id-b', clockAheadMs: 0, stored };
    },
    delivered: async (ids) => {
      looks++;
      const marked = [...given.marked, ...(looks > 3 ? (given.markedLater ?? []) : [])];
      return new Set(ids.filter((id) => marked.includes(id)));
    },
    counts: async () => given.rows ?? [],
    close: async () => {},
  };
  return verifyLedger(given.spanMs ?? 60_000, { bus, clock, ledger, own: a ?? never(), peer: b ?? never() });
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

it('sees a node that is away through the copy, and claims nothing about what that may lack', async () => {
  const copyOfA: Message[] = [{ id: 'a1', kind: 'syslog', at: 5 }];
  const found = await verified({ a: 'silent', copyOfA, marked: ['a1'] });
  expect(found).toMatchObject({ verdict: 'unproven', totals: { received: 1, stored: 1, lost: 0 } });
  const lastSeen = new Date(minute * 60_000 + 5000).toISOString();
  expect(found.nodes).toMatchObject([
    { name: 'a', seen: 'copy', received: 1, lastSeen, fault: { code: expect.anything() } },
    { name: 'b', seen: 'own', received: 0, lastSeen: null, fault: null },
  ]);
  expect(found.notes).toEqual([
    `node a is away and was seen through the other one's copy, which ends at ${lastSeen}: whether it received more is not known before it is back`,
    expect.stringContaining('node a has not compared its clock'),
  ]);
  const empty = await verified({ a: 'silent', b: copyOfA, marked: ['a1'] });
  expect(empty).toMatchObject({ verdict: 'unproven', totals: { received: 1 }, nodes: [{ received: 0 }, {}] });
  expect(empty.notes).toContainEqual(expect.stringContaining('which has nothing of that time'));
});

it('calls broken what is lost of the copy, and rows that are missing, whatever the node that is away had', async () => {
  const copyOfA: Message[] = [{ id: 'a1', kind: 'syslog', at: 5, datagrams: 2 }];
  const given = { a: 'silent' as const, copyOfA };
  expect(await verified({ ...given, marked: [] })).toMatchObject({ verdict: 'broken', totals: { lost: 2 } });
  const rowsOf = (rows: number) => [{ kind: 'syslog' as const, source: '192.0.2.7', minute, rows }];
  const whole = { keptSinceMs: { b: 0 }, spanMs: 180_000 };
  const verdict = async (rows: number, silent: boolean) => {
    const nodes = silent ? given : { a: copyOfA };
    return (await verified({ ...nodes, ...whole, marked: ['a1'], rows: rowsOf(rows) })).verdict;
  };
  expect([await verdict(1, true), await verdict(2, true), await verdict(3, true)]).toEqual([
    'broken',
    'unproven',
    // The node that is away may have stored one before it could be copied.
    'unproven',
  ]);
  expect([await verdict(2, false), await verdict(3, false)]).toEqual(['proven', 'broken']);
});

it('knows nothing of a node that is away where no copy is kept', async () => {
  const b: Message[] = [{ id: 'b1', kind: 'syslog', at: 5 }];
  const found = await verified({ a: 'silent', b, copyOfA: 'not kept', marked: ['b1'] });
  expect(found).toMatchObject({ verdict: 'unproven', nodes: [{ seen: 'nothing', received: null }, { received: 1 }] });
  expect(found.notes[0]).toContain('node a does not tell what it received');
});

it('with both nodes fed calls nothing doubled that a node which is away may have received', async () => {
  const entry = { digest: 0n, receivedAtMs: minute * 60_000 + 5000 };
  const copyOfB = { ...entry, receivedAtMs: entry.receivedAtMs + 500 };
  const b: Message[] = [{ id: 'b1', kind: 'syslog', at: 5 }];
  const found = await verified({ feed: 'dual', a: 'silent', b, marked: [], ledger: [entry, copyOfB] });
  expect(found).toMatchObject({ verdict: 'unproven', totals: { received: 1, stored: 1, doubled: 0, unknown: 1 } });
  const both = await verified({ feed: 'dual', a: b, b, marked: [], ledger: [entry, copyOfB] });
  expect(both).toMatchObject({ verdict: 'broken', totals: { received: 1, doubled: 1, unknown: 0 } });
  expect(await verified({ feed: 'dual', a: 'silent', b, marked: [], ledger: [] })).toMatchObject({
    verdict: 'broken',
    totals: { lost: 1 },
  });
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
  const progress = async () => [
    { epoch: 2, nodeId: 'id-b', settledBeforeMs: nowMs, clockAheadMs: 0, ownFromMs: null, otherBeforeMs: null },
  ];
  const ledger = { progress } as unknown as LedgerReader;
  const asked = verifyLedger(60_000, { bus, clock, ledger, own: a ?? never(), peer: b ?? never() });
  await expect(asked).rejects.toThrow(/^node a tells what it received no further/);
});
