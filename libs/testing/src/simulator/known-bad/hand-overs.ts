import { step } from '@hotstandby/core/lease';
import type { KnownBad } from './known-bad.ts';

export const handOvers: KnownBad[] = [
  {
    name: 'beat after a release was sent',
    why: 'The release may still be carried out, and then the other one claims without waiting.',
    withinSeeds: 5000,
    decide(state, input) {
      const releasing = state.pending === 'release' || state.handOver?.phase === 'releasing';
      return step(releasing ? state : { ...state, releasedEpoch: null }, input);
    },
  },
  {
    name: 'hand-over without the drain',
    why: 'What the services had begun comes after the other node has become active.',
    withinSeeds: 5000,
    decide(state, input) {
      const begun = step(state, input);
      if (input.kind !== 'hand-over') return begun;
      const effects = begun.effects.filter((effect) => effect.do !== 'prepare');
      const next = step(begun.state, { kind: 'prepared', nowMs: input.nowMs, late: [] });
      return { state: next.state, effects: [...effects, ...next.effects] };
    },
  },
  {
    name: 'gate opened for an arbiter that does not know the service',
    why: 'A hand-over does not ask it; frozen meanwhile, it wakes and finds the old grant before the word that ended it.',
    withinSeeds: 20_000,
    gate: 'unasked',
  },
];
