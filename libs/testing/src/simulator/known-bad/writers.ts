import { bound } from './beats-and-claims.ts';
import type { KnownBad } from './known-bad.ts';

export const writers: KnownBad[] = [
  {
    name: 'membership changed without the epoch',
    why: "A former active's change of the place arrives late, in the reign of another.",
    withinSeeds: 5000,
    store: (store, { tables }) => ({
      ...bound(store),
      register: (request) => {
        const { epoch, holderIncarnation, membership } = tables.reign;
        return store.register({ ...request, epoch, membership, incarnation: holderIncarnation ?? request.incarnation });
      },
    }),
  },
  {
    name: 'guard before the copy instead of at the commit',
    why: 'The reign ends between the check and the commit.',
    withinSeeds: 5000,
    guard: 'copy',
  },
  {
    name: 'gate asked once per batch of effects',
    why: 'The grant ends between two of them.',
    withinSeeds: 5000,
    gate: 'asked-once',
  },
  {
    name: 'wall clock used',
    why: 'It is stepped back, and the grant lives on.',
    withinSeeds: 5000,
    clock: 'wall',
  },
];
