import { step } from '@hotstandby/core/lease';
import { decide, type Policy, type PolicyFacts, type PolicyState } from '@hotstandby/core/policy';
import type { KnownBad } from './known-bad.ts';

const withPolicy =
  (change: (policy: Policy) => Partial<Policy>): typeof decide =>
  (state, policy, facts) =>
    decide(state, { ...policy, ...change(policy) }, facts);

const withFacts =
  (change: (facts: PolicyFacts) => Partial<PolicyFacts>): typeof decide =>
  (state, policy, facts) =>
    decide(state, policy, { ...facts, ...change(facts) });

/** What only schedules with policies can show. */
export const policyRules: KnownBad[] = [
  {
    name: 'minimum reign ignored',
    why: 'Two nodes that fail only while they are active change places without end.',
    withinSeeds: 20_000,
    decidePolicy: withPolicy(() => ({ minimumReignMs: 0 })),
  },
  {
    name: 'back-off forgotten with each hand-over',
    why: 'Every reign begins with the least reign of the first.',
    withinSeeds: 20_000,
    decidePolicy: withFacts(({ handOversBefore }) => (handOversBefore === null ? {} : { handOversBefore: 0 })),
  },
  {
    name: 'stable time counted from the registration, not from health',
    why: 'The primary is made active again at the first moment at which it is well.',
    withinSeeds: 20_000,
    decidePolicy: (state, policy, facts) => {
      const { state: after, decision } = decide(state, policy, facts);
      const known = facts.standby && state.standbyWell?.incarnation === facts.standby.incarnation;
      return { decision, state: known ? { ...after, standbyWell: state.standbyWell } : after };
    },
  },
  {
    name: 'stable time kept over a restart',
    why: 'The primary has just come back.',
    withinSeeds: 20_000,
    decidePolicy(state, policy, facts) {
      const { standbyWell } = state;
      const kept =
        standbyWell && facts.standby ? { ...standbyWell, incarnation: facts.standby.incarnation } : standbyWell;
      return decide({ ...state, standbyWell: kept }, policy, facts);
    },
  },
  {
    name: 'hand-over at the first failure',
    why: 'What is over in a moment costs a change of roles.',
    withinSeeds: 20_000,
    decidePolicy: withPolicy(() => ({ handOverAfterMs: 500 })),
  },
  {
    name: 'hand-over to a standby that is no better',
    why: 'Two sick nodes play ping-pong.',
    withinSeeds: 20_000,
    decidePolicy: (state, policy, facts) => decide({ ...state, peer: well(state, facts) }, policy, facts),
  },
  {
    name: 'restarts waited for without bound',
    why: 'A service that crashes again and again is never well for long, and never unwell.',
    withinSeeds: 20_000,
    decidePolicy: withPolicy(() => ({ localRestarts: Number.MAX_SAFE_INTEGER })),
  },
  {
    name: 'hand-over by policy in a pause',
    why: 'Somebody works on the standby.',
    withinSeeds: 20_000,
    decidePolicy: withFacts(() => ({ paused: false })),
  },
  {
    name: 'take-over although failover is switched off',
    why: 'The operator answers for what is active where, and a second one comes up by itself.',
    withinSeeds: 20_000,
    inPolicies: true,
    decide: (state, input) => step({ ...state, failover: true }, input),
  },
];

function well({ peer }: PolicyState, { nowMs }: PolicyFacts): PolicyState['peer'] {
  const instances = { always: { saidAtMs: nowMs, failed: false, summary: 'well' } };
  return Object.fromEntries(
    Object.keys(peer).map((service) => [service, { instances, startedAtMs: [], unwellSinceMs: null }]),
  );
}
