import { CodedError } from '@hotstandby/contracts';
import { collector, flow, line, world } from '@hotstandby/testing/collector-world';
import { describe, expect, it } from 'vitest';

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

  it('says which flows were decoded in columns and which one by one, and stores both', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    const version5 = Buffer.alloc(24 + 2 * 48, 1);
    version5.set([0, 5, 0, 2]);
    one.receiver.send(2055, version5, version5.subarray(0, 100));
    await flow(at);
    expect(at.store.batches.flatMap(({ flows }) => flows.map(({ malformed }) => malformed === null))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(one.service.report().detail).toMatchObject({
      stored: { flow: 4, malformed: 1 },
      decodedFlows: { inColumns: 2, asRecords: 2 },
    });
    await one.service.stop();
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
    // Messages 1 and 2 are in hand and will be stored; 3 and 4 are gone.
    at.ingest.evict(4);
    await at.clock.advance(12_000);
    expect(one.events.filter(({ type }) => type === 'collector.dropped')).toEqual([
      { type: 'collector.dropped', data: { kind: 'frame', count: 2, where: 'ingest', code: 'HS_TELEMETRY_LOST' } },
    ]);
    at.store.fault = null;
    await at.clock.advance(10_000);
    expect(one.messages().toSorted()).toEqual(['0', '1', '4', '5']);
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
    const ms = 30 * 86_400_000;
    expect(at.store.trimmedTo).toEqual([{ syslogMs: ms, trapMs: ms, flowMs: ms, minuteMs: ms }]);
    await one.service.stop();
  });
});
