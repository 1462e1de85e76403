import { subjects } from '@hotstandby/contracts';
import { ruleNotes } from '@hotstandby/core/lease';
import { StoreError, type Clock } from '@hotstandby/ports';
import { TestPair, type TestNode } from '@hotstandby/testing/pair';
import { expect, it } from 'vitest';

// Two whole nodes (arbiter, heartbeat, gate) under one hand-moved clock, with a store in memory.

async function started(): Promise<{ pair: TestPair; a: TestNode; b: TestNode }> {
  const pair = new TestPair();
  const a = pair.node('a');
  const b = pair.node('b');
  await a.start();
  await b.start();
  await pair.run(500);
  return { pair, a, b };
}

const rolesOf = async (...nodes: TestNode[]) => Promise.all(nodes.map((node) => node.role()));

it('starts with the primary as the active and the other one registered', async () => {
  const { a, b } = await started();
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  expect(a.rules()).toEqual(['claim-never-held']);
  expect(b.rules()).toEqual(['registered']);
  expect((await a.describe()).redundancy).toBe('ready');
});

it('keeps the active for as long as it beats', async () => {
  const { pair, a, b } = await started();
  await pair.run(60_000);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  expect(a.rules()).toHaveLength(1);
});

it('takes over from a dead active within takeoverWait and a beat, and not before its grant has ended', async () => {
  const { pair, a, b } = await started();
  const graceMs = 150;
  a.kill();
  await pair.run(graceMs - 45);
  expect(await b.role()).toBe('standby');
  await pair.run(165 - graceMs + 45 + 45);
  expect(await b.role()).toBe('active 2');
  expect(b.rules()).toEqual(['registered', 'claim-silent-holder']);
});

it('makes a returned active the standby, and keeps a new one active', async () => {
  const { pair, a, b } = await started();
  a.kill();
  await pair.run(400);
  await a.start();
  await pair.run(1500);
  expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
  b.kill();
  await pair.run(400);
  expect(await a.role()).toBe('active 3');
});

it('fences the active that loses the store and resumes the same reign when it comes back', async () => {
  const { pair, a, b } = await started();
  pair.lineCut = true;
  a.store.fault = 'unreachable';
  b.store.fault = 'unreachable';
  await pair.run(1000);
  expect((await rolesOf(a, b))[0]).toBe('fenced');
  a.store.fault = null;
  b.store.fault = null;
  await pair.run(500);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  expect(a.rules()).toEqual(['claim-never-held', 'fence-lapsing', 'resume-reign']);
});

it('stays active without the store for as long as its standby promises, and goes on when the store is back', async () => {
  const { pair, a, b } = await started();
  a.store.fault = 'unreachable';
  b.store.fault = 'unreachable';
  await pair.run(30_000);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  a.store.fault = null;
  b.store.fault = null;
  await pair.run(1000);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  expect(a.rules()).toEqual(['claim-never-held']);
});

it('stays active without its peer for as long as the store answers', async () => {
  const { pair, a, b } = await started();
  pair.lineCut = true;
  await pair.run(10_000);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  expect(a.rules()).toEqual(['claim-never-held']);
});

it('does not take over while it is asked for promises, though the store shows silence', async () => {
  const { pair, a, b } = await started();
  a.store.fault = 'unreachable';
  await pair.run(5000);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  pair.lineCut = true;
  await pair.run(600);
  expect(await rolesOf(a, b)).toEqual(['fenced', 'active 2']);
});

it('fences when both voters are lost, and nobody claims without the store', async () => {
  const { pair, a, b } = await started();
  a.store.fault = 'unreachable';
  b.store.fault = 'unreachable';
  await pair.run(500);
  pair.lineCut = true;
  await pair.run(500);
  expect(await rolesOf(a, b)).toEqual(['fenced', 'standby']);
  pair.lineCut = false;
  await pair.run(500);
  expect(await rolesOf(a, b)).toEqual(['fenced', 'standby']);
});

it('never has two grants when only the active is cut off from the store', async () => {
  const { pair, a, b } = await started();
  pair.lineCut = true;
  a.store.fault = 'unreachable';
  for (let ms = 0; ms < 1000; ms++) {
    await pair.run(1);
    expect([a, b].filter((node) => node.watch?.open())).not.toHaveLength(2);
  }
  expect(await rolesOf(a, b)).toEqual(['fenced', 'active 2']);
});

it('hands over as planned: the standby claims at once and the old active becomes its standby', async () => {
  const { pair, a, b } = await started();
  const asked = a.bus.request(
    subjects.switchover({ cluster: 'c', node: 'a' }),
    { operator: 'ada', reason: 'patching' },
    1000,
  );
  await pair.run(20);
  expect(await b.role()).toBe('active 2');
  await pair.run(200);
  expect(await asked).toMatchObject({ done: true, from: 'a', to: 'b' });
  expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
  expect(a.rules()).toEqual(['claim-never-held', 'hand-over', 'reign-passed', 'registered']);
  expect(b.rules()).toEqual(['registered', 'claim-handed-over']);
});

it('waits for the listeners before it lets go, and for the end of the grant when one is late', async () => {
  const { pair, a, b } = await started();
  const place = { cluster: 'c', node: 'a' };
  await a.bus.request(subjects.registerListener(place), { name: 'silent', deadlineMs: 300 }, 100);
  let answer: () => void = () => {};
  a.bus.respond(
    subjects.prepare(place, 'silent'),
    () => new Promise((resolve) => (answer = () => resolve({ done: false }))),
  );
  void a.bus.request(subjects.switchover(place), {}, 5000);
  await pair.run(100);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  // Nobody asks it any more, so its gate must not open.
  const late = a.bus.request(subjects.registerListener(place), { name: 'late', deadlineMs: 300 }, 100);
  expect(await late).toMatchObject({ registered: false });
  answer();
  await pair.run(1);
  expect(await a.role()).toBe('fenced');
  expect(await b.role()).toBe('standby');
  await pair.run(160);
  expect(await b.role()).toBe('active 2');
});

it('takes the lease back when the standby dies in the middle of a hand-over', async () => {
  const { pair, a, b } = await started();
  b.store.fault = 'unreachable';
  const asked = a.bus.request(subjects.switchover({ cluster: 'c', node: 'a' }), {}, 9000);
  await pair.run(3000);
  expect(await asked).toMatchObject({ done: false, code: 'HS_SWITCHOVER_TIMEOUT' });
  expect(await a.role()).toBe('active 2');
});

it('tells of its standby although the answer to the registration was lost, and counts on it only once it is confirmed', async () => {
  const pair = new TestPair();
  const a = pair.node('a');
  const b = pair.node('b');
  let lost = 0;
  const register = a.store.register.bind(a.store);
  // The registration is carried out, but its answer never comes.
  a.store.register = async (request) => {
    a.store.register = register;
    lost++;
    await register(request);
    throw new StoreError('unknown', 'the answer was lost');
  };
  await a.start();
  await b.start();
  await pair.run(1000);
  expect(lost, 'the registration that lost its answer').toBe(1);
  expect(a.told.filter(({ type }) => type === 'standby.registered')).toHaveLength(1);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
});

it('refuses a switchover without a standby', async () => {
  const { pair, a, b } = await started();
  b.kill();
  await pair.run(2000);
  expect(await a.bus.request(subjects.switchover({ cluster: 'c', node: 'a' }), {}, 100)).toMatchObject({
    done: false,
    code: 'HS_NO_STANDBY',
  });
  expect(a.told.map(({ type }) => type)).toContain('standby.lost');
  expect(pair.tables.nodes.has('id-b')).toBe(false);
});

it('refuses a second standby while the first beats, and lets it in when the place is free', async () => {
  const { pair, a, b } = await started();
  const c = pair.node('c');
  await c.start();
  await pair.run(500);
  expect(await rolesOf(a, b, c)).toEqual(['active 1', 'standby', 'refused']);
  b.kill();
  await pair.run(2000);
  expect(await rolesOf(a, c)).toEqual(['active 1', 'standby']);
  expect(c.rules()).toEqual(['refused', 'registered']);
});

it('settles a claim whose answer was lost by a beat under the new epoch', async () => {
  const { pair, a, b } = await started();
  a.kill();
  await pair.run(120);
  b.store.fault = 'lost-answer';
  await pair.run(80);
  expect(pair.tables.reign.epoch).toBe(2);
  expect(await b.role()).not.toBe('active 2');
  b.store.fault = null;
  await pair.run(100);
  expect(await b.role()).toBe('active 2');
  expect(b.rules()).toEqual(['registered', 'claim-silent-holder']);
});

it('does not claim from a server that was restarted since it showed the silence, which may have forgotten beats', async () => {
  // Looks come every 40 ms, the claim when it is due: one of these restarts comes between the last look and the claim.
  for (let ms = 0; ms < 44; ms += 2) {
    const { pair, a, b } = await started();
    pair.lineCut = true;
    a.store.fault = 'unreachable';
    await pair.run(120 + ms);
    const { storeIncarnation } = pair.tables;
    pair.tables.storeIncarnation = `${storeIncarnation}, restarted`;
    // The claim was faster than the restart.
    if (pair.tables.reign.epoch === 2) continue;
    await pair.run(150);
    expect(await b.role(), `restarted after ${120 + ms} ms`).toBe('standby');
    await pair.run(100);
    expect(await b.role()).toBe('active 2');
  }
});

it('lets a new incarnation of the holder claim again after the wait, in the same tenure', async () => {
  const { pair, a, b } = await started();
  a.kill();
  await a.start();
  await pair.run(100);
  expect(await a.role()).not.toContain('active');
  await pair.run(400);
  expect(await rolesOf(a, b)).toEqual(['active 2', 'standby']);
  expect(pair.tables.reign.tenureEpoch).toBe(1);
});

it('starts alone after a clean stop of both', async () => {
  const { pair, a, b } = await started();
  b.kill();
  await a.stop();
  expect(pair.tables.reign.holder).toBeNull();
  await a.start();
  await pair.run(600);
  expect(await a.role()).toBe('active 2');
});

it('hands over on a clean stop', async () => {
  const { pair, a, b } = await started();
  await a.stop();
  await pair.run(60);
  expect(await b.role()).toBe('active 2');
});

it('lets go in time though messages that say nothing any more come when a late timer is due', async () => {
  const pair = new TestPair();
  const { clock } = pair;
  const a = pair.node('a');
  const b = pair.node('b');
  const late = {
    monotonicMs: () => clock.monotonicMs(),
    bootMs: () => clock.bootMs(),
    wallMs: () => clock.wallMs(),
    every: (ms: number, run: () => void) => clock.every(ms, run),
    after: (ms: number, run: () => void) => clock.after(ms + 1, run),
  };
  await a.start({ clock: late, store: a.store, link: pair.line.endOf('a') });
  await b.start();
  await pair.run(500);
  // The release waits for the end of the grant, and heartbeat has stopped by then.
  const place = { cluster: 'c', node: 'a' };
  await a.bus.request(subjects.registerListener(place), { name: 'unready', deadlineMs: 300 }, 100);
  a.bus.respond(subjects.prepare(place, 'unready'), () => ({ done: false }));
  const asked = { epoch: 0, holder: '', holderIncarnation: '', standby: '', standbyIncarnation: '' };
  const cancel = clock.every(0.3, () => a.bus.publish(subjects.promised(place), { sentAtMs: 0, asked }));
  const beganMs = clock.monotonicMs();
  await a.stop();
  cancel();
  expect(clock.monotonicMs() - beganMs).toBeLessThan(500);
});

it('lets exactly one of two nodes win that start at the same moment, in every order', async () => {
  for (let offsetMs = 0; offsetMs < 200; offsetMs += 7) {
    const pair = new TestPair();
    const a = pair.node('a');
    const b = pair.node('b');
    await b.start();
    await pair.run(offsetMs);
    await a.start();
    await pair.run(800);
    const roles = await rolesOf(a, b);
    expect(roles.toSorted()).toEqual(['active 1', 'standby']);
  }
});

it('lets the primary be the first active although the secondary came well before it', async () => {
  const pair = new TestPair();
  const [a, b] = [pair.node('a'), pair.node('b')];
  await b.start();
  await pair.run(2300);
  await a.start();
  await pair.run(150);
  // Somebody was on this store before it: a first reign may have been forgotten, and its grant must be dead.
  expect(await rolesOf(a, b)).toEqual(['starting', 'starting']);
  await pair.run(200);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
});

it('lets the secondary be the first active where no primary comes', async () => {
  const pair = new TestPair();
  const b = pair.node('b');
  await b.start();
  await pair.run(2500);
  expect(await b.role()).toBe('starting');
  await pair.run(300);
  expect(await b.role()).toBe('active 1');
});

it('does not register a node that has just stopped', async () => {
  const { pair, a, b } = await started();
  await a.stop();
  await pair.run(3000);
  expect(await b.role()).toBe('active 2');
  expect(b.told.filter(({ type }) => type === 'standby.registered')).toEqual([]);
});

it('records the evidence that the notes promise with every transition, and never none', async () => {
  const { pair, a, b } = await started();
  const c = pair.node('c');
  await c.start();
  await pair.run(500);
  b.kill();
  await pair.run(2000);
  void a.bus.request(subjects.switchover({ cluster: 'c', node: 'a' }), { operator: 'ada', reason: '' }, 1000);
  await pair.run(1000);
  c.kill();
  await pair.run(1000);
  const seen = [a, b, c].flatMap((node) => node.memory.transitions);
  const rules = ['registered', 'refused', 'hand-over', 'claim-handed-over', 'claim-silent-holder'] as const;
  expect(seen.map(({ rule }) => rule)).toEqual(expect.arrayContaining([...rules]));
  for (const { rule, evidence } of seen) {
    expect(Object.keys(evidence), rule).toEqual([...ruleNotes[rule as keyof typeof ruleNotes].evidence]);
    expect(Object.keys(evidence).length, rule).toBeGreaterThan(0);
  }
});

it('counts from no particular moment: a clock far below zero makes no grant longer', async () => {
  const pair = new TestPair();
  const a = pair.node('a');
  const clock: Clock = {
    monotonicMs: () => pair.clock.monotonicMs() - 2_000_000,
    bootMs: () => pair.clock.bootMs(),
    wallMs: () => pair.clock.wallMs(),
    after: (delayMs, run) => pair.clock.after(delayMs, run),
    every: (periodMs, run) => pair.clock.every(periodMs, run),
  };
  // A claim whose answer is lost is settled by a beat, and there was no grant before that one.
  const claim = a.store.claim.bind(a.store);
  a.store.claim = async (request) => {
    await claim(request);
    throw new StoreError('unknown', 'the answer was lost');
  };
  await a.start({ clock, store: a.store, link: pair.line.endOf('a') });
  await pair.run(300);
  expect(await a.role()).toBe('active 1');
  expect((await a.describe()).grantRemainingMs).toBeLessThanOrEqual(150);
});
