import { step } from '@hotstandby/core/lease';
import type { KnownBad } from './known-bad.ts';

/** What only schedules with extras can show. */
export const extraRules: KnownBad[] = [
  {
    name: 'suspension unseen',
    why: 'The arbiter goes on by a monotonic clock that stood still, and believes answers to what it sent before.',
    withinSeeds: 20_000,
    decide: (state, input) => (input.kind === 'clocks' ? { state, effects: [] } : step(state, input)),
  },
  {
    name: 'claim during a pause',
    why: 'The standby counts the silence of the holder as if nobody had paused the pair.',
    withinSeeds: 20_000,
    decide: (state, input) => step({ ...state, pause: null, pauseEndedAtMs: Number.NEGATIVE_INFINITY }, input),
  },
  {
    name: 're-based to the very next epoch',
    why: 'Somebody may have claimed it, acted under it, and died before any disk knew of it.',
    withinSeeds: 20_000,
    decide(state, input) {
      const { state: next, effects } = step(state, input);
      return {
        state: next,
        effects: effects.map((effect) => {
          if (effect.do !== 'order' || effect.order.do !== 'claim' || !effect.order.rebase) return effect;
          const { rebase } = effect.order;
          const isNear = rebase.epoch === Math.max(state.highestEpoch, next.highestEpoch) + 2;
          return isNear
            ? { ...effect, order: { ...effect.order, rebase: { ...rebase, epoch: rebase.epoch - 1 } } }
            : effect;
        }),
      };
    },
  },
];
