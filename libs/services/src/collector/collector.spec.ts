import { parseConfig } from '@hotstandby/config';
import {
  CodedError,
  subjects,
  type EventType,
  type Grant,
  type PrepareReply,
  type PrepareRequest,
} from '@hotstandby/contracts';
import type { Metrics } from '@hotstandby/ports';
import { encodeFrame } from '@hotstandby/core/frame';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { MemoryIngest } from '@hotstandby/testing/memory-ingest';
import { MemoryReceiver } from '@hotstandby/testing/memory-receiver';
import { MemoryRecordStore } from '@hotstandby/testing/memory-record-store';
import { describe, expect, it } from 'vitest';
import { Collector, type CollectorLimits } from './index.ts';

const place = { cluster: 'c', node: 'a' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const noMetrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};
const parsed = parseConfig(`
cluster: c
node: { name: a, kind: primary, address: 192.0.2.1, dataDir: /nowhere }
peer: { name: b, address: 192.0.2.2 }
store: { url: postgresql://h@192.0.2.3/h }
nats: { url: nats://192.0.2.1:4222, keysDir: /nowhere }
`);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
const { config } = parsed;

/** A bus, and an arbiter that knows its listeners. */
function node() {
  const bus = new LocalBus();
  const arbiter = { incarnation: 'i1' };
  bus.respond(subjects.registerListener(place), () => ({ registered: true, ...arbiter }));
  return { bus, arbiter };
}

/** What outlives a collector: the node's INGEST, the store, the bus. */
function world() {
  const clock = new ManualClock();
  const ingest = new MemoryIngest(clock);
  const store = new MemoryRecordStore();
  store.clock = () => clock.wallMs();
  return { clock, ...node(), ingest, copy: new MemoryIngest(clock), store, config };
}

let processes = 0;

function collector(at: ReturnType<typeof world>, limits: Partial<CollectorLimits> = {}) {
  const receiver = new MemoryReceiver(at.clock);
  const events: { type: EventType; data: unknown }[] = [];
  const instance = `process-${++processes}`;
  const service = new Collector({
    config: at.config,
    place,
    clock: at.clock,
    ids: { uuid: () => instance },
    bus: at.bus,
    emit: async (type, data) => void events.push({ type, data }),
    log: quiet,
    metrics: noMetrics,
    receiver,
    ingest: at.ingest,
    copy: at.copy,
    store: at.store,
    limits,
  });
  const grant = (change: Partial<Grant> = {}) => {
    at.arbiter.incarnation = change.incarnation ?? 'i1';
    at.bus.publish(subjects.grant(place), {
      role: 'active',
      nodeId: 'id-a',
      incarnation: 'i1',
      epoch: 1,
      deadlineMs: at.clock.monotonicMs() + 100_000,
      tenure: { epoch: 1, startedAtWallMs: 0 },
      ...change,
    } satisfies Grant);
  };
  const revoke = () => grant({ role: 'standby', epoch: null, tenure: null });
  const messages = () => at.store.batches.flatMap((batch) => batch.syslog.map((record) => record.message));
  return { service, receiver, events, grant, revoke, messages };
}

/** Lets frames go out, be read and be stored. */
async function flow(at: ReturnType<typeof world>): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await at.clock.advance(5);
}

/** The store answers nothing any more after that many writes. */
function stopAfter(store: MemoryRecordStore, writes: number): () => boolean {
  const write = store.store.bind(store);
  let done = 0;
  store.store = async (...args) => {
    const result = await write(...args);
    if (++done === writes) store.fault = 'away';
    return result;
  };
  return () => done >= writes;
}

const frameOf = (text: string) =>
  encodeFrame([
    {
      kind: 'syslog',
      sourceAddress: '192.0.2.9',
      sourcePort: 1,
      localPort: 5514,
      receivedAtMs: 1,
      bytes: new TextEncoder().encode(line(text)),
    },
  ]);

const line = (text: string) => `<13>1 2026-01-01T00:00:00Z h app - - - ${text}`;

describe('the collector', () => {
  it('receives into INGEST in every role and stores nothing while the gate is shut', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    expect(one.receiver.ports()).toEqual([5514, 1162, 2055, 4739, 6343]);
    one.receiver.send(5514, line('1'));
    await flow(at);
    expect(at.ingest.frames()).toHaveLength(1);
    expect(at.store.attempts).toBe(0);
    expect(one.service.report()).toMatchObject({ health: 'ok', detail: { delivering: null } });
    await one.service.stop();
  });

  it('in the first tenure of all delivers everything, and settles what is stored', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.receiver.send(5514, line('1'), line('2'));
    await flow(at);
    one.grant();
    await flow(at);
    expect(one.messages()).toEqual(['1', '2']);
    expect(at.store.guards[0]).toEqual({ epoch: 1, incarnation: 'i1' });
    expect(await at.ingest.backlog('deliver-1')).toBe(0);
    expect(one.events.map(({ type }) => type)).toContain('collector.delivering');
    expect(one.service.report().detail).toMatchObject({ stored: { syslog: 2, malformed: 0 }, delivering: 'deliver-1' });
    await one.service.stop();
  });

  it('after a take-over stores what the dead node received and did not store, and what it alone received, each once', async () => {
    const at = world();
    const other = { ...at, ...node(), ingest: new MemoryIngest(at.clock) };
    const [a, b] = [collector(at), collector(other)];
    await a.service.start();
    await b.service.start();
    a.grant();
    const both = (...texts: string[]) => {
      a.receiver.send(5514, ...texts.map(line));
      b.receiver.send(5514, ...texts.map(line));
    };
    // Long enough ago that nobody looks at it any more.
    both('old');
    await at.clock.advance(10_000);
    both('1', 'again');
    await flow(at);
    both('again');
    await flow(at);
    b.receiver.send(5514, line('only b'));
    await flow(at);
    // What comes from here on a receives and cannot store any more.
    at.store.fault = 'away';
    both('again', '2');
    await flow(at);
    const startedAtWallMs = at.clock.wallMs();
    at.store.fault = null;
    at.store.reign = { epoch: 2, incarnation: 'i-b' };
    b.grant({ nodeId: 'id-b', incarnation: 'i-b', epoch: 2, tenure: { epoch: 2, startedAtWallMs } });
    await flow(at);
    both('3');
    await flow(at);
    expect(b.messages().sort()).toEqual(['1', '2', '3', 'again', 'again', 'again', 'old', 'only b']);
    // The copies that are not stored again are named in the ledger.
    const settled = at.store.batches.flatMap(({ ledger }) => ledger.settled);
    expect(settled).toHaveLength(3);
    await a.service.stop();
    await b.service.stop();
  });

  it('with one address fed stores what the dead node had copied over, late what it still held, and nothing twice', async () => {
    const vip = { ...config, collector: { ...config.collector, feed: 'vip' as const } };
    const at = { ...world(), config: vip };
    // What b's server copied: a's own stream, as far as it came over.
    const other = { ...at, ...node(), ingest: new MemoryIngest(at.clock), copy: at.ingest };
    const [a, b] = [collector(at), collector(other)];
    await a.service.start();
    await b.service.start();
    a.grant({ nodeId: 'id-a' });
    a.receiver.send(5514, line('1'), line('again'));
    await at.clock.advance(3000);
    at.store.fault = 'away';
    a.receiver.send(5514, line('2'), line('again'));
    await flow(at);
    await a.service.stop();
    at.store.fault = null;
    at.store.reign = { epoch: 2, incarnation: 'i-b' };
    const startedAtWallMs = at.clock.wallMs();
    b.grant({ nodeId: 'id-b', incarnation: 'i-b', epoch: 2, tenure: { epoch: 2, startedAtWallMs } });
    b.receiver.send(5514, line('again'), line('3'));
    await at.clock.advance(3000);
    // Every line counts, however alike they are: each came to one node.
    expect(b.messages().sort()).toEqual(['1', '2', '3', 'again', 'again', 'again']);
    // What it had received and not brought into its stream comes with its return.
    await at.ingest.append(frameOf('late'), 'late-1');
    await at.clock.advance(3000);
    expect(b.messages()).toContain('late');

    // Back again: a delivers what is new, and what b has stored of its stream it does not store again.
    b.revoke();
    await b.service.stop();
    at.store.reign = { epoch: 3, incarnation: 'i-a' };
    const again = collector(at);
    await again.service.start();
    const since = at.clock.wallMs();
    again.grant({ nodeId: 'id-a', incarnation: 'i-a', epoch: 3, tenure: { epoch: 3, startedAtWallMs: since } });
    again.receiver.send(5514, line('4'));
    await at.clock.advance(60_000);
    expect(again.messages().sort()).toEqual(['1', '2', '3', '4', 'again', 'again', 'again', 'late']);
    await again.service.stop();
  });

  it('goes on with a replay that a killed process had begun', async () => {
    const at = world();
    const dead = { ...at, ...node(), ingest: new MemoryIngest(at.clock) };
    const a = collector(dead);
    const b = collector(at, { batch: { maxMessages: 1, maxBytes: 1 } });
    await a.service.start();
    await b.service.start();
    a.grant({ nodeId: 'id-x' });
    await at.clock.advance(10_000);
    // Five equal ones, of which a stores three.
    for (let copy = 0; copy < 5; copy++) {
      if (copy === 3) at.store.fault = 'away';
      for (const one of [a, b]) one.receiver.send(5514, line('same'));
      await flow(at);
    }
    const startedAtWallMs = at.clock.wallMs();
    at.store.fault = null;
    at.store.reign = { epoch: 2, incarnation: 'i-b' };
    const grant = { incarnation: 'i-b', epoch: 2, tenure: { epoch: 2, startedAtWallMs } };
    const stopped = stopAfter(at.store, 2);
    b.grant(grant);
    await flow(at);
    expect(stopped()).toBe(true);
    await b.service.stop();

    at.store.fault = null;
    const c = collector(at);
    await c.service.start();
    c.grant(grant);
    await at.clock.advance(60_000);
    expect(c.messages()).toEqual(['same', 'same', 'same', 'same', 'same']);
    await c.service.stop();
    await a.service.stop();
  });

  it('goes on through a newer epoch of the same tenure with one consumer', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    one.receiver.send(5514, line('1'));
    await flow(at);
    at.store.reign = { epoch: 2, incarnation: 'i1' };
    one.grant({ epoch: 2 });
    one.receiver.send(5514, line('2'));
    await flow(at);
    expect(one.messages()).toEqual(['1', '2']);
    expect(at.ingest.consumerNames()).toEqual(['deliver-1']);
    await one.service.stop();
  });

  it('stops at once when the store says that the reign is over, and delivers again under a newer one', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    at.store.reign = { epoch: 2, incarnation: 'other' };
    one.grant();
    one.receiver.send(5514, line('1'));
    await flow(at);
    one.receiver.send(5514, line('2'));
    await flow(at);
    expect(at.store.attempts).toBe(1);
    expect(one.service.report().detail['delivering']).toBeNull();
    // The same epoch again does not change the store's mind.
    one.revoke();
    one.grant();
    await flow(at);
    expect(at.store.attempts).toBe(1);

    at.store.reign = { epoch: 3, incarnation: 'i1' };
    one.grant({ epoch: 3 });
    await flow(at);
    expect(one.messages()).toEqual(['1', '2']);
    await one.service.stop();
  });

  it('loses and doubles nothing when the store is away and the process is replaced', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    one.receiver.send(5514, line('1'));
    await flow(at);
    at.store.fault = 'away';
    one.receiver.send(5514, line('2'));
    await flow(at);
    expect(one.service.report()).toMatchObject({
      health: 'degraded',
      summary: expect.stringContaining('store is away'),
    });
    await one.service.stop();

    const two = collector(at);
    await two.service.start();
    two.grant();
    two.receiver.send(5514, line('3'));
    await flow(at);
    at.store.fault = null;
    await at.clock.advance(10_000);
    expect(two.messages().sort()).toEqual(['1', '2', '3']);
    expect(two.service.report().health).toBe('ok');
    await two.service.stop();
  });

  it('stores a message once that was committed but not settled', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    const store = at.store.store.bind(at.store);
    // Committed, and the answer lost.
    let lost = 1;
    at.store.store = async (guard, batches) => {
      const outcome = await store(guard, batches);
      if (lost-- > 0) throw new Error('no answer');
      return outcome;
    };
    one.receiver.send(5514, line('1'));
    await flow(at);
    await at.clock.advance(1000);
    expect(one.messages()).toEqual(['1']);
    expect(await at.ingest.backlog('deliver-1')).toBe(0);
    await one.service.stop();
  });

  it('appends a frame once although its answer was lost', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    at.ingest.loseAnswers(2);
    one.receiver.send(5514, line('1'));
    await at.clock.advance(1000);
    expect(at.ingest.frames()).toHaveLength(1);
    await one.service.stop();
  });

  it('keeps frames in memory while INGEST is away, and counts and tells what does not fit', async () => {
    const at = world();
    const one = collector(at, { queueBytes: 10_000 });
    await one.service.start();
    at.ingest.setAway(true);
    for (let n = 0; n < 20; n++) {
      one.receiver.send(5514, new Uint8Array(1000).fill(65));
      await at.clock.advance(20);
    }
    await at.clock.advance(5000);
    const dropped = one.events.filter(({ type }) => type === 'collector.dropped');
    const count = dropped.reduce((sum, { data }) => sum + (data as { count: number }).count, 0);
    expect(count).toBe(11);
    expect(dropped.length).toBeLessThanOrEqual(2);
    expect(dropped[0]?.data).toMatchObject({ kind: 'syslog', where: 'memory' });
    expect(one.service.report().health).toBe('degraded');
    at.ingest.setAway(false);
    await at.clock.advance(6000);
    expect(at.ingest.frames()).toHaveLength(9);
    await one.service.stop();
  });

  it('tells what the kernel dropped', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.receiver.drops = 42;
    await at.clock.advance(3000);
    expect(one.events).toContainEqual({
      type: 'collector.dropped',
      data: { kind: 'all', count: 42, where: 'kernel', code: 'HS_TELEMETRY_LOST' },
    });
    await one.service.stop();
  });

  it('tells when the bounds of INGEST push out what was not delivered yet, once', async () => {
    const at = world();
    const one = collector(at, { batch: { maxMessages: 1, maxBytes: 1_000_000 } });
    await one.service.start();
    one.grant();
    await flow(at);
    at.store.fault = 'away';
    for (let n = 0; n < 6; n++) {
      one.receiver.send(5514, line(String(n)));
      await at.clock.advance(20);
    }
    // Message 1 is in hand and will be stored; 2, 3 and 4 are gone.
    at.ingest.evict(4);
    await at.clock.advance(12_000);
    expect(one.events.filter(({ type }) => type === 'collector.dropped')).toEqual([
      { type: 'collector.dropped', data: { kind: 'frame', count: 3, where: 'ingest', code: 'HS_TELEMETRY_LOST' } },
    ]);
    at.store.fault = null;
    await at.clock.advance(10_000);
    expect(one.messages()).toEqual(['0', '4', '5']);
    await one.service.stop();
  });

  it('tries a taken port again, says why once, and takes the others meanwhile', async () => {
    const at = world();
    const one = collector(at);
    one.receiver.refused.set(5514, new CodedError('HS_PORT_IN_USE', 'taken'));
    await one.service.start();
    await at.clock.advance(20_000);
    expect(one.receiver.ports()).toEqual([1162, 2055, 4739, 6343]);
    const failed = one.events.filter(({ type }) => type === 'collector.failed');
    expect(failed).toHaveLength(1);
    expect(failed[0]?.data).toMatchObject({ code: 'HS_PORT_IN_USE' });
    expect(one.service.report()).toMatchObject({ health: 'failed', summary: expect.stringContaining('5514') });
    one.receiver.refused.clear();
    await at.clock.advance(10_000);
    expect(one.receiver.ports()).toContain(5514);
    expect(one.service.report().health).toBe('ok');
    await one.service.stop();
  });

  it('trims old records hourly, on the active only', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    await at.clock.advance(3_700_000);
    expect(at.store.trimmedTo).toEqual([]);
    one.grant({ deadlineMs: at.clock.monotonicMs() + 4_000_000 });
    await at.clock.advance(3_600_000);
    expect(at.store.trimmedTo).toEqual([30 * 86_400_000]);
    await one.service.stop();
  });
});

describe('a planned transition', () => {
  const pre: PrepareRequest = { phase: 'pre', from: 'active', to: 'standby', epoch: 1, rule: 'R', deadlineMs: 5000 };

  async function ask(at: ReturnType<typeof world>, request: PrepareRequest): Promise<PrepareReply | 'nothing yet'> {
    let reply: PrepareReply | 'nothing yet' = 'nothing yet';
    void at.bus.request(subjects.prepare(place, 'collector'), request, 1).then((answer) => {
      reply = answer as PrepareReply;
    });
    await flow(at);
    return reply;
  }

  it('answers when everything received is stored; what comes later waits until the gate shuts', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    await flow(at);
    one.receiver.send(5514, line('before'));
    expect(await ask(at, pre)).toEqual({ done: true });
    expect(one.messages()).toEqual(['before']);
    one.receiver.send(5514, line('during'));
    await flow(at);
    expect(at.ingest.frames()).toHaveLength(1);
    one.revoke();
    await flow(at);
    expect(at.ingest.frames()).toHaveLength(2);
    expect(one.messages()).toEqual(['before']);
    await one.service.stop();
  });

  it('goes on when it is called off, and when nobody says so', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    await ask(at, pre);
    one.receiver.send(5514, line('1'));
    await ask(at, { ...pre, phase: 'post', to: 'active' });
    expect(one.messages()).toEqual(['1']);
    await ask(at, pre);
    one.receiver.send(5514, line('2'));
    await flow(at);
    expect(one.messages()).toEqual(['1']);
    await at.clock.advance(9000);
    expect(one.messages()).toEqual(['1', '2']);
    await one.service.stop();
  });

  it('says that it is not done when the deadline passes with the store away', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    await flow(at);
    at.store.fault = 'away';
    one.receiver.send(5514, line('1'));
    const answer = at.bus.request(subjects.prepare(place, 'collector'), pre, 1);
    await at.clock.advance(5100);
    expect(await answer).toMatchObject({ done: false });
    at.store.fault = null;
    await at.clock.advance(9000);
    expect(one.messages()).toEqual(['1']);
    await one.service.stop();
  });

  it('registers again before its registration ends, and soon after an arbiter came', async () => {
    const at = world();
    const bus = new LocalBus();
    const one = collector({ ...at, bus });
    await one.service.start();
    await at.clock.advance(3000);
    const registrations: unknown[] = [];
    bus.respond(subjects.registerListener(place), (payload) => {
      registrations.push(payload);
      return { registered: true, incarnation: 'i1' };
    });
    await at.clock.advance(1500);
    expect(registrations).toHaveLength(1);
    expect(registrations[0]).toMatchObject({ name: 'collector', deadlineMs: 5000 });
    await at.clock.advance(21_000);
    expect(registrations).toHaveLength(3);
    await one.service.stop();
  });
});
