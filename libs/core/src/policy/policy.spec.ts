import { describe, expect, it } from 'vitest';
import { decide, type PolicyDecision, type PolicyFacts } from './decide.ts';
import { differences } from './differences.ts';
import type { Said } from './service-watch.ts';
import { heardStatus, initialPolicyState, reconnected, type Policy, type PolicyState } from './state.ts';

const policy: Policy = {
  enabled: true,
  failback: 'automatic',
  failbackAfterMs: 30_000,
  criticalServices: ['collector'],
  atOnce: [],
  handOverAfterMs: 10_000,
  minimumReignMs: 60_000,
  localRestarts: 2,
  restartWindowMs: 60_000,
};
const standby = { name: 'a', incarnation: 'a-1', primary: true, ready: true };
const facts: PolicyFacts = {
  nowMs: 0,
  activeEpoch: 7,
  kind: 'secondary',
  paused: false,
  busy: false,
  standby,
  handOversBefore: 0,
};

type Word = Said['health'] | Omit<Said, 'saidAtMs'> | null;

/** One node deciding once a second; what both collectors say is given for a span. */
class Watcher {
  nowMs = 0;
  state: PolicyState = initialPolicyState(0);
  last: PolicyDecision = { do: 'nothing', note: null };
  policy = policy;
  facts: Partial<PolicyFacts> = {};

  hear(whose: 'own' | 'peer', said: Said): void {
    this.state = heardStatus(this.state, this.policy, whose, 'collector', said, this.nowMs);
  }

  live(seconds: number, own: Word, peer: Word): PolicyDecision {
    for (let second = 0; second < seconds && this.last.do !== 'hand-over'; second++) {
      this.nowMs += 1000;
      for (const [whose, word] of [['own', own] as const, ['peer', peer] as const]) {
        if (word === null) continue;
        const said = typeof word === 'string' ? { instance: '1', health: word, summary: `is ${word}` } : word;
        this.hear(whose, { ...said, saidAtMs: this.nowMs });
      }
      const { state, decision } = decide(this.state, this.policy, { ...facts, ...this.facts, nowMs: this.nowMs });
      this.state = state;
      this.last = decision;
    }
    return this.last;
  }
}

/** A secondary that has been active and well for 100 s beside a primary whose failback is not due. */
function settled(change: Partial<Policy> = {}): Watcher {
  const watcher = new Watcher();
  watcher.policy = { ...policy, failback: 'never', ...change };
  watcher.live(100, 'ok', 'ok');
  return watcher;
}

const instance = (id: string, health: Said['health'] = 'ok'): Omit<Said, 'saidAtMs'> => ({
  instance: id,
  health,
  summary: health,
});

describe('hand-over by health', () => {
  it.each<[string, (watcher: Watcher) => void, PolicyDecision['do'], string]>([
    ['nothing is wrong', (one) => one.live(100, 'ok', 'ok'), 'nothing', 'null'],
    ['degraded is no reason', (one) => one.live(100, 'degraded', 'ok'), 'nothing', 'null'],
    ['failed, but not for long', (one) => one.live(9, 'failed', 'ok'), 'nothing', 'waiting for it to come back'],
    ['failed for long', (one) => one.live(12, 'failed', 'ok'), 'hand-over', 'collector failed for 10 s: is failed'],
    ['silent for long', (one) => one.live(12, null, 'ok'), 'hand-over', 'collector silent for 10 s'],
    ['failed, the standby degraded', (one) => one.live(12, 'failed', 'degraded'), 'hand-over', 'collector failed'],
    ['failed on both', (one) => one.live(30, 'failed', 'failed'), 'wait', 'a is no better'],
    ['silent on both', (one) => one.live(30, null, null), 'wait', 'a is no better (collector silent'],
    [
      'well in between',
      (one) => (one.live(9, 'failed', 'ok'), one.live(1, 'ok', 'ok'), one.live(9, 'failed', 'ok')),
      'nothing',
      'waiting',
    ],
  ])('%s', (_, happens, what, text) => {
    const watcher = settled();
    happens(watcher);
    expect(watcher.last.do).toBe(what);
    expect(JSON.stringify(watcher.last)).toContain(text);
  });

  it.each<[string, Partial<PolicyFacts>, string]>([
    ['without a standby', { standby: null }, 'there is no standby'],
    ['a standby that does not beat', { standby: { ...standby, ready: false } }, 'does not beat'],
    ['in a pause', { paused: true }, 'the pair is paused'],
    ['after three by itself', { handOversBefore: 3 }, 'of at least 240 s'],
  ])('waits %s', (_, change, text) => {
    const watcher = settled();
    watcher.facts = change;
    expect(watcher.live(40, 'failed', 'ok')).toMatchObject({ do: 'wait', note: expect.stringContaining(text) });
  });

  it('has nobody told of a hand-over that is under way', () => {
    const watcher = settled();
    watcher.facts = { busy: true };
    expect(watcher.live(40, 'failed', 'ok')).toEqual({ do: 'nothing', note: 'a hand-over is under way' });
  });

  it('is not tried again at the next look when it comes to nothing and the same reign goes on', () => {
    const watcher = settled();
    expect(watcher.live(12, 'failed', 'ok').do).toBe('hand-over');
    for (const [handOversBefore, leastS] of [
      [0, 60],
      [2, 120],
    ] as const) {
      watcher.last = { do: 'nothing', note: null };
      watcher.facts = { handOversBefore };
      expect(watcher.live(leastS - 10, 'failed', 'ok')).toMatchObject({
        do: 'wait',
        note: expect.stringContaining(`tried in vain ${leastS - 10} s ago, of at least ${leastS} s`),
      });
      expect(watcher.live(10, 'failed', 'ok').do).toBe('hand-over');
    }
  });

  it('asks for the history before it decides', () => {
    const watcher = settled();
    watcher.facts = { handOversBefore: null };
    expect(watcher.live(20, 'failed', 'ok').do).toBe('count');
    watcher.facts = { handOversBefore: 0 };
    expect(watcher.live(1, 'failed', 'ok').do).toBe('hand-over');
  });

  it('takes a service that was never heard for silent, and a peer of which nothing is known for no better', () => {
    const watcher = new Watcher();
    expect(watcher.live(9, null, 'ok').do).toBe('nothing');
    expect(watcher.live(60, null, 'ok')).toMatchObject({ do: 'hand-over', rule: 'health-hand-over' });
    const alone = new Watcher();
    expect(alone.live(70, 'failed', null)).toMatchObject({ do: 'wait' });
  });

  it('does nothing on a node that is not active, and counts its reign from when it became so', () => {
    const watcher = settled();
    watcher.facts = { activeEpoch: null };
    expect(watcher.live(60, 'failed', 'ok')).toEqual({ do: 'nothing', note: null });
    watcher.facts = { activeEpoch: 9, handOversBefore: 1 };
    expect(watcher.live(60, 'failed', 'ok').do).toBe('wait');
    expect(watcher.live(2, 'failed', 'ok')).toMatchObject({ do: 'hand-over', evidence: { reignedMs: 60_000 } });
  });

  it('hands over for the first time without a minimum reign: nobody is served meanwhile', () => {
    const watcher = settled();
    watcher.facts = { activeEpoch: 9 };
    expect(watcher.live(12, 'failed', 'ok')).toMatchObject({ do: 'hand-over', evidence: { handOversBefore: 0 } });
  });

  it('adds no time of its own to what is watched with a patience of its own', () => {
    const watcher = settled({ atOnce: ['collector'] });
    expect(watcher.live(1, 'failed', 'ok')).toMatchObject({ do: 'hand-over', rule: 'health-hand-over' });
    const other = settled({ atOnce: ['collector'] });
    expect(other.live(1, 'failed', 'failed')).toMatchObject({ do: 'wait', note: expect.stringContaining('no better') });
    // Once well, for longer than a silence takes to be noticed.
    expect(other.live(4, 'failed', 'ok')).toMatchObject({
      do: 'nothing',
      note: expect.stringContaining('to stay well'),
    });
    expect(other.live(1, 'failed', 'ok').do).toBe('hand-over');
  });

  it('gives a restarted service its time anew, as often as it is told to', () => {
    const watcher = settled();
    watcher.live(8, null, 'ok');
    expect(watcher.live(1, instance('2', 'failed'), 'ok').do).toBe('nothing');
    expect(watcher.live(8, instance('2', 'failed'), 'ok').do).toBe('nothing');
    expect(watcher.live(1, instance('3'), 'ok')).toEqual({ do: 'nothing', note: null });
    // Both restarts are used up: what is wrong now is reason at once.
    expect(watcher.live(1, instance('3', 'failed'), 'ok')).toMatchObject({ do: 'hand-over' });
  });

  it('notices a service that is restarted again and again and never silent for long', () => {
    const watcher = settled();
    for (const id of ['2', '3']) expect(watcher.live(2, instance(id), 'ok').do).toBe('nothing');
    expect(watcher.live(2, instance('4'), 'ok')).toMatchObject({
      do: 'hand-over',
      evidence: { services: 'collector restarted 3 times in 60 s' },
    });
  });

  it('takes neither the first word of a service nor its return from silence for a restart', () => {
    const watcher = new Watcher();
    watcher.policy = { ...policy, failback: 'never', localRestarts: 0, handOverAfterMs: 20_000 };
    watcher.live(2, null, 'ok');
    expect(watcher.live(30, 'ok', 'ok').do).toBe('nothing');
    watcher.live(10, null, 'ok');
    expect(watcher.live(30, 'ok', 'ok').do).toBe('nothing');
    expect(watcher.live(1, instance('2'), 'ok')).toMatchObject({
      do: 'hand-over',
      reason: expect.stringContaining('restarted 1 times'),
    });
  });

  it('does not believe a standby that is heard again for a moment: its words of before a cut come all at once', () => {
    const watcher = settled({ atOnce: ['collector'] });
    watcher.live(10, 'ok', null);
    watcher.live(1, 'failed', 'ok');
    expect(watcher.live(20, 'failed', null).do).toBe('wait');
    expect(watcher.live(5, 'failed', 'ok').do).toBe('hand-over');
  });

  it('counts a word from when it was said, not from when it came', () => {
    const watcher = settled({ atOnce: ['collector'] });
    const cutAtMs = watcher.nowMs;
    // Two cuts, one after the other, each of which held up what was said in its first two seconds.
    for (const cutForMs of [5000, 8000]) {
      watcher.live((cutAtMs + cutForMs - watcher.nowMs) / 1000, 'ok', null);
      for (const saidAtMs of [cutForMs - 4000, cutForMs - 3100])
        watcher.hear('peer', { instance: '1', health: 'ok', summary: 'ok', saidAtMs: cutAtMs + saidAtMs });
    }
    expect(watcher.live(3, 'failed', null)).toMatchObject({ do: 'wait', note: expect.stringContaining('no better') });
    expect(watcher.live(5, 'failed', 'ok')).toMatchObject({ do: 'hand-over' });
  });

  it('takes nobody for well by what was said before NATS was away', () => {
    const watcher = settled({ atOnce: ['collector'] });
    watcher.state = reconnected(watcher.state, watcher.nowMs + 1);
    expect(watcher.live(3, 'failed', null)).toMatchObject({ note: expect.stringContaining('nothing is known of') });
    expect(watcher.live(4, 'failed', 'ok')).toMatchObject({ note: expect.stringContaining('to stay well') });
    expect(watcher.live(1, 'failed', 'ok').do).toBe('hand-over');
  });

  it('leaves a service that has been well since alone, whatever kept the hand-over back meanwhile', () => {
    const watcher = settled();
    watcher.facts = { paused: true };
    for (const id of ['2', '3', '4']) watcher.live(2, instance(id), 'ok');
    expect(watcher.last).toMatchObject({ do: 'wait', note: expect.stringContaining('restarted 3 times') });
    expect(watcher.live(10, instance('4'), 'ok').do).toBe('nothing');
    watcher.facts = {};
    expect(watcher.live(30, instance('4'), 'ok')).toEqual({ do: 'nothing', note: null });
  });

  it('forgets restarts of long ago, and takes replicas together', () => {
    const watcher = settled();
    for (const id of ['2', '3', '4', '5']) expect(watcher.live(40, instance(id), 'ok').do).toBe('nothing');
    for (let second = 0; second < 60; second++) {
      watcher.live(1, instance('5', 'failed'), 'ok');
      watcher.live(1, instance('6'), 'ok');
    }
    expect(watcher.last.do).toBe('nothing');
  });

  it('counts no silence while NATS was away, or it stood still itself', () => {
    const watcher = settled();
    watcher.nowMs += 60_000;
    expect(watcher.live(3, null, null)).toEqual({ do: 'nothing', note: null });
    expect(watcher.live(2, 'ok', 'ok')).toEqual({ do: 'nothing', note: null });
    watcher.live(9, null, 'ok');
    watcher.state = reconnected(watcher.state, watcher.nowMs);
    expect(watcher.live(2, 'ok', 'ok')).toEqual({ do: 'nothing', note: null });
  });
});

describe('failback', () => {
  const due = (change: Partial<Policy>, more: Partial<PolicyFacts> = {}) => {
    const watcher = new Watcher();
    watcher.policy = { ...policy, ...change };
    watcher.facts = more;
    return watcher;
  };

  it('comes when the primary has been a healthy standby for long enough and the reign was long enough', () => {
    const watcher = due({});
    expect(watcher.live(29, 'ok', 'ok')).toMatchObject({ note: expect.stringContaining('failback in') });
    expect(watcher.live(30, 'ok', 'ok')).toMatchObject({ do: 'wait', note: expect.stringContaining('at least 60 s') });
    expect(watcher.live(10, 'ok', 'ok')).toMatchObject({ do: 'hand-over', rule: 'failback' });
    expect(watcher.nowMs).toBe(61_000);
  });

  it.each<[string, Partial<Policy>, Partial<PolicyFacts>, string]>([
    ['manual says how', { failback: 'manual' }, {}, 'hotstandby failback'],
    ['never says nothing', { failback: 'never' }, {}, 'null'],
    ['the primary itself', {}, { kind: 'primary' }, 'null'],
    ['another standby than the primary', {}, { standby: { ...standby, primary: false } }, 'null'],
    ['a pause', {}, { paused: true }, 'while the pair is paused'],
    ['switched off', { enabled: false }, {}, 'null'],
  ])('does nothing: %s', (_, change, more, text) => {
    const decision = due(change, more).live(300, 'ok', 'ok');
    expect(decision.do).toBe('nothing');
    expect(JSON.stringify(decision)).toContain(text);
  });

  it('begins its time anew when the standby was not well, did not beat, or is another incarnation', () => {
    const watcher = due({ failbackAfterMs: 100_000 });
    watcher.live(90, 'ok', 'ok');
    watcher.live(5, 'ok', 'failed');
    expect(watcher.live(90, 'ok', 'ok').do).toBe('nothing');
    watcher.facts = { standby: { ...standby, ready: false } };
    watcher.live(1, 'ok', 'ok');
    watcher.facts = {};
    expect(watcher.live(90, 'ok', 'ok').do).toBe('nothing');
    watcher.facts = { standby: { ...standby, incarnation: 'a-2' } };
    expect(watcher.live(90, 'ok', 'ok').do).toBe('nothing');
    expect(watcher.live(15, 'ok', 'ok').do).toBe('hand-over');
  });

  it('begins its time anew with each reign, although the standby is the same', () => {
    const watcher = due({ failbackAfterMs: 30_000, minimumReignMs: 1000 });
    watcher.live(25, 'ok', 'ok');
    watcher.facts = { activeEpoch: 9 };
    expect(watcher.live(29, 'ok', 'ok').do).toBe('nothing');
    expect(watcher.live(3, 'ok', 'ok').do).toBe('hand-over');
  });

  it('counts no time in which it could not hear the standby', () => {
    const watcher = due({ failbackAfterMs: 30_000, minimumReignMs: 1000 });
    watcher.live(25, 'ok', 'ok');
    watcher.nowMs += 20_000;
    expect(watcher.live(29, 'ok', 'ok').do).toBe('nothing');
    watcher.state = reconnected(watcher.state, watcher.nowMs);
    expect(watcher.live(29, 'ok', 'ok').do).toBe('nothing');
    expect(watcher.live(3, 'ok', 'ok').do).toBe('hand-over');
  });
});

it('names the fields in which two policies differ, as far as both know them', () => {
  expect(differences(policy, { ...policy })).toEqual([]);
  expect(differences(policy, { ...policy, enabled: false, criticalServices: [] })).toEqual([
    'enabled',
    'criticalServices',
  ]);
  expect(differences(policy, { enabled: true, later: 1 })).toEqual([]);
  expect(differences(policy, 'garbage')).toEqual([]);
});
