import { step, type LeaseEffect, type LeaseInput, type LeaseState } from '@hotstandby/core/lease';

/**
 * A way to get the lease wrong that somebody could get it wrong in. The simulator must notice each.
 * `withinSeeds`: how many schedules from seed 1 on it took, rounded up; the unit test runs those that take few.
 */
export interface KnownBad {
  name: string;
  withinSeeds: number;
  decide?: typeof step;
  store?: 'claim-counter';
}

type Stepped = { state: LeaseState; effects: LeaseEffect[] };

const before =
  (change: (state: LeaseState) => Partial<LeaseState>) =>
  (state: LeaseState, input: LeaseInput): Stepped =>
    step({ ...state, ...change(state) }, input);

const withInput =
  (change: (input: LeaseInput) => LeaseInput) =>
  (state: LeaseState, input: LeaseInput): Stepped =>
    step(state, change(input));

export const knownBad: KnownBad[] = [
  {
    name: 'a wait shorter than the grant',
    withinSeeds: 10,
    decide: before(({ timing }) => ({ timing: { ...timing, takeoverWaitMs: 0.9 * timing.leaseTtlMs } })),
  },
  {
    name: 'a wait counted from the sending',
    withinSeeds: 400,
    decide: withInput((input) => (input.kind === 'seen' ? { ...input, receivedAtMs: input.sentAtMs } : input)),
  },
  {
    name: 'a grant dated by the receipt of its answer',
    withinSeeds: 40,
    decide: withInput((input) => (input.kind === 'seen' ? { ...input, sentAtMs: input.receivedAtMs } : input)),
  },
  {
    name: 'no wait after a promise',
    withinSeeds: 20,
    decide: before(() => ({ promisedAtMs: Number.NEGATIVE_INFINITY })),
  },
  { name: 'a claim that does not compare the counter', withinSeeds: 60, store: 'claim-counter' },
];
