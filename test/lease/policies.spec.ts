import type { PauseResult, SwitchoverResult } from '@hotstandby/contracts';
import { quietPolicy, TestPair, type TestNode } from '@hotstandby/testing/pair';
import { describe, expect, it, vi } from 'vitest';

// When roles move by themselves and when not: whole nodes under one hand-moved clock.

// Ten virtual minutes are a second, and more than five on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

type Policy = typeof quietPolicy;

async function started(policy: Partial<Policy> = {}): Promise<{ pair: TestPair; a: TestNode; b: TestNode }> {
  const pair = new TestPair();
  const [a, b] = [pair.node('a'), pair.node('b')];
  for (const node of [a, b]) {
    node.policy = { ...quietPolicy, ...policy };
    await node.start();
  }
  await pair.run(500);
  return { pair, a, b };
}

const rolesOf = async (...nodes: TestNode[]) => Promise.all(nodes.map((node) => node.role()));
const typesOf = (node: TestNode) => node.told.map(({ type }) => type).filter((type) => type.startsWith('p'));
const pause = (node: TestNode, forMs: number) => node.ask<PauseResult>('pause', { forMs, reason: 'new kernel' });

describe('a pause', () => {
  it('keeps a dead active from being taken over from until it ends, and the standby then waits as ever', async () => {
    const { pair, a, b } = await started();
    expect(await pause(b, 10_000)).toMatchObject({ done: true, pause: { number: 1, operator: 'eve' } });
    a.kill();
    await pair.run(9900);
    expect(await b.role()).toBe('standby');
    expect((await b.describe()).pause).toMatchObject({ number: 1, reason: 'new kernel' });
    // Over, and still within the wait.
    await pair.run(200);
    expect(await b.role()).toBe('standby');
    await pair.run(200);
    expect(await b.role()).toBe('active 2');
    expect(b.rules()).toEqual(['registered', 'claim-silent-holder']);
    expect(typesOf(b)).toContain('pause.ended');
  });

  it('ends when an operator resumes, and the wait begins then', async () => {
    const { pair, a, b } = await started();
    await pause(a, 3_600_000);
    a.kill();
    await pair.run(5000);
    expect(await b.ask('resume')).toMatchObject({ done: true, pause: null });
    await pair.run(100);
    expect(await b.role()).toBe('standby');
    await pair.run(120);
    expect(await b.role()).toBe('active 2');
  });

  it('is told once, by the active, with who resumed', async () => {
    const { pair, a, b } = await started();
    await pause(b, 60_000);
    await pair.run(100);
    await b.ask('resume', { operator: 'adam' });
    await pair.run(100);
    expect(a.told.filter(({ type }) => type.startsWith('pause'))).toEqual([
      { type: 'pause.begun', data: expect.objectContaining({ number: 1, operator: 'eve', reason: 'new kernel' }) },
      { type: 'pause.ended', data: { number: 1, how: 'resumed', operator: 'adam' } },
    ]);
    expect(typesOf(b)).toEqual([]);
  });

  it('leaves a switchover to an operator, and an active that beats where it is', async () => {
    const { pair, a, b } = await started();
    await pause(a, 3_600_000);
    await pair.run(60_000);
    expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
    expect(await a.ask('switchover')).toMatchObject({ done: true, to: 'b' });
    await pair.run(500);
    expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
  });

  it('survives the restart of every node, and lets the holder come back to its lease', async () => {
    const { pair, a, b } = await started();
    await pause(a, 60_000);
    a.kill();
    b.kill();
    await pair.run(1000);
    await b.start();
    await pair.run(5000);
    expect(await b.role()).not.toContain('active');
    expect((await b.describe()).pause?.number).toBe(1);
    await a.start();
    await pair.run(1500);
    expect(await rolesOf(a, b)).toEqual(['active 2', 'standby']);
    expect(a.rules().at(-1)).toBe('claim-own-return');
  });

  it('keeps the lease for an active that is stopped meanwhile', async () => {
    const { pair, a, b } = await started();
    await pause(a, 60_000);
    await a.stop();
    await pair.run(5000);
    expect(await b.role()).toBe('standby');
    await a.start();
    await pair.run(1500);
    expect(await rolesOf(a, b)).toEqual(['active 2', 'standby']);
    expect(b.rules()).not.toContain('claim-released');
  });

  it('ends on a node that sees the store no more, and nobody claims on a look before it', async () => {
    const { pair, a, b } = await started();
    await pause(a, 5000);
    await pair.run(100);
    b.store.fault = 'unreachable';
    await pair.run(5000);
    expect((await b.describe()).pause).toBeNull();
    expect(await pause(b, 5000)).toMatchObject({ done: false, code: 'HS_STORE_UNREACHABLE' });
    b.store.fault = null;
    await pair.run(1000);
    expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  });

  it('can be made longer, and is not resumed when there is none', async () => {
    const { pair, a, b } = await started();
    expect(await a.ask('resume')).toMatchObject({ done: false, code: 'HS_NOT_PAUSED' });
    await pause(a, 5000);
    expect(await pause(b, 20_000)).toMatchObject({ done: true, pause: { number: 2 } });
    a.kill();
    await pair.run(15_000);
    expect(await b.role()).toBe('standby');
    await pair.run(6000);
    expect(await b.role()).toBe('active 2');
  });

  it('refuses a length that is none', async () => {
    const { a } = await started();
    for (const forMs of [0, 999, 7 * 24 * 3_600_000 + 1, 1.5]) await expect(pause(a, forMs)).rejects.toThrow('forMs');
  });

  it('is outlived by the standby whose clock runs otherwise: the store alone times it', async () => {
    const { pair, a, b } = await started();
    await pause(a, 10_000);
    // What another wall clock would say of the end changes nothing: the store says what is left.
    const { pause: seen } = await b.describe();
    expect(seen?.remainingMs).toBeGreaterThan(9000);
    await pair.run(9000);
    expect((await b.describe()).pause?.remainingMs).toBeLessThan(1100);
  });
});

describe('a take-over by force', () => {
  it('takes from a dead active during a pause, after the wait, and says who and what was assumed', async () => {
    const { pair, a, b } = await started();
    await pause(a, 3_600_000);
    a.kill();
    await pair.run(1000);
    expect(await b.ask('takeover', { reason: 'a burns' })).toMatchObject({ done: true, to: 'b' });
    expect(await b.role()).toBe('active 2');
    expect(b.memory.transitions.at(-1)).toMatchObject({
      rule: 'claim-forced',
      operator: 'eve',
      evidence: { assumed: expect.stringContaining('dead'), why: 'a burns' },
    });
  });

  it('takes nothing from a reign that began after the operator looked', async () => {
    const { pair, a, b } = await started();
    await pause(a, 3_600_000);
    a.kill();
    await pair.run(1000);
    expect(await b.ask('takeover', { epoch: 0 })).toMatchObject({
      done: false,
      code: 'HS_HOLDER_ALIVE',
      message: expect.stringContaining('epoch 1 is not the one that the take-over was asked for (0)'),
    });
    expect(await b.ask('takeover', { epoch: 1 })).toMatchObject({ done: true, to: 'b' });
  });

  it('takes nothing from an active that beats, nor from one that only the standby hears', async () => {
    const { pair, a, b } = await started();
    expect(await b.ask('takeover')).toMatchObject({ done: false, code: 'HS_HOLDER_ALIVE' });
    a.store.fault = 'unreachable';
    await pair.run(1000);
    expect(await b.ask('takeover')).toMatchObject({ done: false, code: 'HS_HOLDER_ALIVE' });
    expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
    expect(await a.ask('takeover')).toMatchObject({ done: true, message: 'a is active already' });
  });

  it('needs the store', async () => {
    const { pair, b } = await started();
    b.store.fault = 'unreachable';
    await pair.run(500);
    expect(await b.ask<SwitchoverResult>('takeover')).toMatchObject({ done: false, code: 'HS_STORE_UNREACHABLE' });
  });

  it('is the way of a third node when the other two are silent', async () => {
    const { pair, a, b } = await started();
    const c = pair.node('c');
    await c.start();
    await pair.run(2000);
    expect(await c.role()).toBe('refused');
    a.kill();
    b.kill();
    await pair.run(30_000);
    expect(await c.role()).toBe('refused');
    expect(await c.ask('takeover')).toMatchObject({ done: true });
    expect(await c.role()).toBe('active 2');
    expect(c.rules()).toEqual(['refused', 'claim-forced']);
  });
});

describe('failback', () => {
  /** b is active, a is back as its standby. */
  async function failedOver(policy: Partial<Policy>) {
    const { pair, a, b } = await started(policy);
    a.kill();
    await pair.run(1000);
    await a.start();
    await pair.run(2000);
    expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
    return { pair, a, b };
  }

  it('is for an operator by default, and status says so', async () => {
    const { pair, a, b } = await failedOver({});
    await pair.run(600_000);
    expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
    expect((await b.describe()).policy?.note).toContain('hotstandby failback');
    expect(await b.ask('failback')).toMatchObject({ done: true, from: 'b', to: 'a' });
    expect(b.rules()).toContain('failback');
    expect(await b.ask('failback', { forwarded: true })).toMatchObject({ done: false, code: 'HS_NOT_ACTIVE' });
    expect(await a.ask('failback')).toMatchObject({ done: true, message: expect.stringContaining('already') });
  });

  it('comes by itself when the primary was healthy for long enough, and not before', async () => {
    const { pair, a, b } = await failedOver({ failback: 'automatic', failbackAfterMs: 100_000, minimumReignMs: 1000 });
    await pair.run(90_000);
    // An interruption: the time begins anew.
    a.kill();
    await pair.run(300);
    await a.start();
    await pair.run(60_000);
    expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
    await pair.run(45_000);
    expect(await rolesOf(a, b)).toEqual(['active 3', 'standby']);
    const { rule, evidence, operator } = b.memory.transitions.findLast(({ from }) => from === 'active') ?? {};
    expect({ rule, evidence, operator }).toMatchObject({
      rule: 'failback',
      operator: null,
      evidence: { handedTo: 'id-a' },
    });
  });

  it('waits for the minimum reign and for the end of a pause', async () => {
    const { pair, a, b } = await failedOver({ failback: 'automatic', failbackAfterMs: 5000, minimumReignMs: 60_000 });
    await pair.run(50_000);
    expect(await b.role()).toBe('active 2');
    expect((await b.describe()).policy?.note).toContain('of at least 60 s');
    await pause(b, 30_000);
    await pair.run(25_000);
    expect(await b.role()).toBe('active 2');
    expect(await b.ask('failback')).toMatchObject({ done: false, code: 'HS_PAUSED' });
    await pair.run(10_000);
    expect(await rolesOf(a, b)).toEqual(['active 3', 'standby']);
  });

  it('never comes where the policy says never, unless it is forced', async () => {
    const { pair, a, b } = await failedOver({ failback: 'never', failbackAfterMs: 1000, minimumReignMs: 1000 });
    await pair.run(600_000);
    expect(await b.ask('failback')).toMatchObject({ done: false, code: 'HS_FAILBACK_NEVER' });
    expect(await b.ask('failback', { force: true })).toMatchObject({ done: true, to: 'a' });
    await pair.run(500);
    expect(await rolesOf(a, b)).toEqual(['active 3', 'standby']);
  });
});

describe('hand-over by health', () => {
  const health: Partial<Policy> = { criticalServices: ['collector'], minimumReignMs: 20_000 };

  /** Lets the nodes say every second how their collector is; `how` null: it says nothing. */
  async function live(
    pair: TestPair,
    ms: number,
    how: [TestNode, 'ok' | 'degraded' | 'failed' | null][],
    instance = '1',
  ): Promise<void> {
    for (let at = 0; at < ms; at += 1000) {
      for (const [node, said] of how) if (said) node.says('collector', said, instance);
      await pair.run(1000);
    }
  }

  it('hands over when a critical service stays failed and the standby is well', async () => {
    const { pair, a, b } = await started(health);
    await live(pair, 30_000, [
      [a, 'ok'],
      [b, 'ok'],
    ]);
    await live(pair, 8000, [
      [a, 'failed'],
      [b, 'ok'],
    ]);
    expect(await a.role()).toBe('active 1');
    await live(pair, 5000, [
      [a, 'failed'],
      [b, 'ok'],
    ]);
    expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
    expect(a.memory.transitions.find(({ rule }) => rule === 'health-hand-over')).toMatchObject({
      operator: null,
      evidence: { services: expect.stringContaining('collector failed for'), handedTo: 'id-b', handOversBefore: 0 },
    });
  });

  it('stays where it is when the standby is no better, is not known, or the pair is paused', async () => {
    const { pair, a, b } = await started(health);
    await live(pair, 60_000, [[a, 'failed']]);
    expect((await a.describe()).policy?.note).toContain('nothing is known of the services of b');
    await live(pair, 60_000, [
      [a, 'failed'],
      [b, 'failed'],
    ]);
    expect((await a.describe()).policy?.note).toContain('b is no better');
    await pause(a, 60_000);
    await live(pair, 50_000, [
      [a, 'failed'],
      [b, 'ok'],
    ]);
    expect((await a.describe()).policy?.note).toContain('the pair is paused');
    expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
    await live(pair, 20_000, [
      [a, 'failed'],
      [b, 'ok'],
    ]);
    expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
    expect(typesOf(a).filter((type) => type === 'policy.waiting')).toHaveLength(3);
  });

  it('waits for the restarts that it is told to wait for, and then no longer', async () => {
    const { pair, a, b } = await started(health);
    await live(pair, 30_000, [
      [a, 'ok'],
      [b, 'ok'],
    ]);
    const crash = async (instance: string) => {
      await live(pair, 6000, [[b, 'ok']]);
      expect(await a.role()).toBe('active 1');
      a.says('collector', 'ok', instance);
      await live(pair, 3000, [[a, 'ok']], instance);
    };
    await crash('2');
    await crash('3');
    await live(pair, 5000, [[b, 'ok']]);
    expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
  });

  it('is made at once when what is watched with a patience of its own says that it failed', async () => {
    const { pair, a, b } = await started({ ...health, atOnce: ['collector'] });
    await live(pair, 5000, [
      [a, 'ok'],
      [b, 'ok'],
    ]);
    a.says('collector', 'failed', '1');
    await pair.run(200);
    expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
  });

  it('is not made within the minimum reign, which doubles each time: two nodes that fail as actives do not play ping-pong', async () => {
    const { pair, a, b } = await started({ ...health, handOverAfterMs: 2000, minimumReignMs: 5000 });
    // Whoever is active is sick, whoever is standby is well.
    for (let at = 0; at < 900_000; at += 1000) {
      for (const node of [a, b]) node.says('collector', node.watch?.open() ? 'failed' : 'ok');
      await pair.run(1000);
    }
    const times = pair.kept.filter(({ rule }) => rule === 'health-hand-over').map(({ at }) => Date.parse(at));
    const reigns = times.slice(1).map((at, index) => Math.round((at - (times[index] ?? 0)) / 1000));
    expect(times.length).toBeGreaterThanOrEqual(5);
    expect(times.length).toBeLessThanOrEqual(9);
    for (const [index, reign] of reigns.entries()) expect(reign).toBeGreaterThanOrEqual(5 * 2 ** index);
  }, 60_000);
});

describe('without failover', () => {
  const off = { enabled: false };

  it('has the primary reign alone, and the other node do nothing', async () => {
    const { pair, a, b } = await started(off);
    await pair.run(5000);
    expect(await a.role()).toBe('active 1');
    expect((await b.describe()).reason).toContain('policy.enabled');
    expect((await a.describe()).standby).toBeNull();
    expect(await a.ask('switchover')).toMatchObject({ done: false, code: 'HS_FAILOVER_OFF' });
    a.kill();
    await pair.run(60_000);
    expect(await b.role()).toBe('starting');
    expect(b.rules()).toEqual([]);
    await a.start();
    await pair.run(1000);
    expect(await a.role()).toBe('active 2');
    await a.stop();
    await pair.run(5000);
    expect(await b.role()).toBe('starting');
    await a.start();
    await pair.run(1000);
    expect(await a.role()).toBe('active 3');
  });

  it('leaves the lease with whoever holds it when it is switched off', async () => {
    const { pair, a, b } = await started();
    a.kill();
    await pair.run(1000);
    b.kill();
    for (const node of [a, b]) node.policy = { ...quietPolicy, ...off };
    await a.start();
    await pair.run(3000);
    expect(await a.role()).toBe('starting');
    await b.start();
    await pair.run(3000);
    expect(await rolesOf(a, b)).toEqual(['starting', 'active 3']);
    expect((await b.describe()).standby).toBeNull();
    // An operator can still move it.
    b.kill();
    await pair.run(1000);
    expect(await a.ask('takeover')).toMatchObject({ done: true });
    expect(await a.role()).toBe('active 4');
  });

  it('is said when only one node has it so, which is then never registered', async () => {
    const { pair, a, b } = await started();
    b.kill();
    b.policy = { ...quietPolicy, ...off };
    await pair.run(2000);
    await b.start();
    await pair.run(5000);
    expect((await a.describe()).standby).toBeNull();
    expect(await b.role()).toBe('starting');
    b.says('arbiter', 'ok', '1', { policy: b.policy });
    await pair.run(100);
    expect((await a.describe()).policy?.mismatch).toEqual(['enabled']);
    expect(a.told).toContainEqual({ type: 'policy.mismatch', data: { peer: 'b', fields: ['enabled'] } });
    b.says('arbiter', 'ok', '1', { policy: a.policy });
    await pair.run(100);
    expect((await a.describe()).policy?.mismatch).toEqual([]);
  });
});
