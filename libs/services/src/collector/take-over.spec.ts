import { parseConfig } from '@hotstandby/config';
import {
  collector,
  config,
  configText,
  flow,
  frameOf,
  line,
  node,
  stopAfter,
  world,
} from '@hotstandby/testing/collector-world';
import { MemoryIngest } from '@hotstandby/testing/memory-ingest';
import { describe, expect, it } from 'vitest';

/** Both nodes, fed by one address: b's server copies a's own stream, as far as it comes over. a is active. */
async function withOneAddress() {
  const at = { ...world(), config: { ...config, collector: { ...config.collector, feed: 'vip' as const } } };
  const other = { ...at, ...node(), ingest: new MemoryIngest(at.clock), copy: at.ingest };
  const [a, b] = [collector(at), collector(other)];
  await a.service.start();
  await b.service.start();
  a.grant({ nodeId: 'id-a' });
  return { at, a, b };
}

describe('the collector after a take-over', () => {
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

  it('with both nodes fed stores late what the other one alone had received, when that is back', async () => {
    const at = world();
    const parsedPeer = parseConfig(configText('b', 'a'));
    if (!parsedPeer.ok) throw new Error(JSON.stringify(parsedPeer.faults));
    const other = { ...at, ingest: new MemoryIngest(at.clock), config: parsedPeer.config };
    const a = collector(at);
    const b = collector(other, {}, 'b');
    await a.service.start();
    await b.service.start();
    a.grant({ nodeId: 'id-a' });
    for (const one of [a, b]) one.receiver.send(5514, line('1'));
    await at.clock.advance(10_000);
    at.store.fault = 'away';
    for (const one of [a, b]) one.receiver.send(5514, line('2'));
    a.receiver.send(5514, line('only a'), line('again'));
    for (const one of [a, b]) one.receiver.send(5514, line('again'));
    await flow(at);
    await a.service.stop();
    at.store.fault = null;
    at.store.reign = { epoch: 2, incarnation: 'i-b' };
    const startedAtWallMs = at.clock.wallMs();
    b.grant({
      nodeId: 'id-b',
      incarnation: 'i-b',
      epoch: 2,
      deadlineMs: at.clock.monotonicMs() + 1_000_000,
      tenure: { epoch: 2, startedAtWallMs },
    });
    await at.clock.advance(30_000);
    expect(b.messages().sort()).toEqual(['1', '2', 'again']);
    expect(b.service.report().detail['lateDelivery']).toMatchObject({ state: 'waiting for the other node' });

    const back = collector(at);
    await back.service.start();
    await at.clock.advance(60_000);
    expect(b.messages().sort()).toEqual(['1', '2', 'again', 'again', 'only a']);
    expect(b.service.report().detail['lateDelivery']).toMatchObject({ state: 'comparing', datagrams: 2 });
    await at.clock.advance(60_000);
    expect(b.messages()).toHaveLength(5);
    await back.service.stop();
    await b.service.stop();
  });

  it('takes nothing of the other one late that it has itself and has not stored yet, when its reign goes on after a lapse', async () => {
    const at = world();
    const parsedPeer = parseConfig(configText('b', 'a'));
    if (!parsedPeer.ok) throw new Error(JSON.stringify(parsedPeer.faults));
    const a = collector(at);
    const b = collector({ ...at, ingest: new MemoryIngest(at.clock), config: parsedPeer.config }, {}, 'b');
    const both = (text: string) => [a, b].forEach((one) => one.receiver.send(5514, line(text)));
    await a.service.start();
    await b.service.start();
    a.grant({ nodeId: 'id-a' });
    both('1');
    await at.clock.advance(10_000);
    a.revoke();
    at.store.reign = { epoch: 2, incarnation: 'i-b' };
    const lasting = () => ({ deadlineMs: at.clock.monotonicMs() + 1_000_000 });
    const tenure = { epoch: 2, startedAtWallMs: at.clock.wallMs() };
    b.grant({ nodeId: 'id-b', incarnation: 'i-b', epoch: 2, tenure, ...lasting() });
    both('2');
    await at.clock.advance(60_000);
    expect(b.service.report().detail['lateDelivery']).toMatchObject({ state: 'comparing', datagrams: 0 });

    // Its arbiter dies: a new one claims for the same node, and dates the tenure by its own beginning.
    b.revoke();
    both('3');
    await at.clock.advance(2000);
    at.store.reign = { epoch: 3, incarnation: 'i-b2' };
    const write = at.store.store.bind(at.store);
    at.store.store = async (...args) => {
      await new Promise<void>((resolve) => at.clock.after(3000, resolve));
      return write(...args);
    };
    const again = { epoch: 2, startedAtWallMs: at.clock.wallMs() };
    b.grant({ nodeId: 'id-b', incarnation: 'i-b2', epoch: 3, tenure: again, ...lasting() });
    both('4');
    await at.clock.advance(60_000);
    expect(b.messages().sort()).toEqual(['1', '2', '3', '4']);
    expect(b.service.report().detail['lateDelivery']).toMatchObject({ state: 'comparing', datagrams: 0 });
    await a.service.stop();
    await b.service.stop();
  });

  it('with one address fed does not decode again what the dead node has stored since it last noted how far it is', async () => {
    const { at, a, b } = await withOneAddress();
    await at.clock.advance(3000);
    a.receiver.send(5514, line('1'), line('2'));
    await flow(at);
    expect(b.messages()).toHaveLength(2);
    at.store.fault = 'away';
    a.receiver.send(5514, line('3'));
    await flow(at);
    await a.service.stop();
    at.store.fault = null;
    at.store.reign = { epoch: 2, incarnation: 'i-b' };
    const tenure = { epoch: 2, startedAtWallMs: at.clock.wallMs() };
    b.grant({ nodeId: 'id-b', incarnation: 'i-b', epoch: 2, tenure });
    b.receiver.send(5514, line('4'));
    await flow(at);
    expect(b.messages().sort()).toEqual(['1', '2', '3', '4']);
    expect(b.service.report().detail['stored']).toMatchObject({ syslog: 2 });
    await b.service.stop();
  });

  it('with one address fed stores what the dead node had copied over, late what it still held, and nothing twice', async () => {
    const { at, a, b } = await withOneAddress();
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
});
