import { step } from '@hotstandby/core/lease';
import type { KnownBad, LeaseInput, LeaseState, Stepped } from './known-bad.ts';

/**
 * Not among them: a promise while a claim is in flight. It is refused all the same, but does no harm here: a grant that is
 * still valid then comes from a beat which the claim did not see, and the claim compares the counter and comes to nothing;
 * a grant that has lapsed no promise renews. What the rule stands for is caught as a promise without a wait after it, as
 * one that is dated by its receipt, and as one that revives.
 */
export const promises: KnownBad[] = [
  {
    name: 'promise counted while a membership change is unknown',
    why: 'Who promises may not be the registered standby any more, so that somebody else may claim.',
    withinSeeds: 5000,
    decide(state, input) {
      const believes = { ...state, membershipUnknown: false };
      // A promise counts, whatever order is in flight.
      const pending = state.pending === 'register' ? 'enter' : state.pending;
      const heard = input.kind === 'promised' && input.asked.standby === state.view?.reign.standby;
      const stepped = step(heard ? { ...believes, pending } : believes, input);
      const after = heard ? { ...stepped.state, pending: state.pending } : stepped.state;
      // And it goes on being asked for.
      const { standby, standbyIncarnation } = after.view?.reign ?? {};
      const voter = standby && standbyIncarnation ? { nodeId: standby, incarnation: standbyIncarnation } : null;
      const effects = stepped.effects.map((effect) =>
        effect.do === 'permit' && effect.epoch !== null ? { ...effect, voter } : effect,
      );
      return { state: after, effects };
    },
  },
  {
    name: 'promise renewing a lapsed grant',
    why: 'The promise was given before somebody else claimed.',
    withinSeeds: 5000,
    decide: renewingLapsed((_input, sentAtMs) => sentAtMs),
  },
  {
    name: 'promise dated by its receipt',
    why: 'Who promised counts its wait from before that.',
    withinSeeds: 20_000,
    decide: (state, input) => step(state, input.kind === 'promised' ? { ...input, sentAtMs: input.nowMs } : input),
  },
];

function renewingLapsed(dated: (input: LeaseInput, sentAtMs: number) => number) {
  return (state: LeaseState, input: LeaseInput): Stepped => {
    if (input.kind !== 'promised' || state.role !== 'fenced') return step(state, input);
    const { asked } = input;
    const sentAtMs = dated(input, input.sentAtMs);
    const ours = asked.holderIncarnation === state.self.incarnation && asked.epoch === state.view?.reign.epoch;
    if (!ours || state.releasedEpoch === asked.epoch) return step(state, input);
    const deadlineMs = Math.max(input.nowMs + 1, sentAtMs + state.timing.leaseTtlMs);
    return step({ ...state, role: 'active', grant: { epoch: asked.epoch, deadlineMs } }, { ...input, sentAtMs });
  };
}
