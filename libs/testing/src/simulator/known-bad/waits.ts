import { step } from '@hotstandby/core/lease';
import type { KnownBad, LeaseInput, LeaseState, Stepped } from './known-bad.ts';

const never = Number.NEGATIVE_INFINITY;

const before =
  (change: (state: LeaseState) => Partial<LeaseState>) =>
  (state: LeaseState, input: LeaseInput): Stepped =>
    step({ ...state, ...change(state) }, input);

const withInput =
  (change: (input: LeaseInput, state: LeaseState) => LeaseInput) =>
  (state: LeaseState, input: LeaseInput): Stepped =>
    step(state, change(input, state));

/** What is seen for the first time, or over a new connection, is taken for old. */
function believingAtOnce(isNew: (state: LeaseState, input: Extract<LeaseInput, { kind: 'seen' }>) => boolean) {
  return (state: LeaseState, input: LeaseInput): Stepped => {
    const anew = input.kind === 'seen' && input.sentAtMs > state.newestSentAtMs && isNew(state, input);
    const stepped = step(state, input);
    if (!anew) return stepped;
    const signs = Object.fromEntries(
      Object.entries(stepped.state.signs).map(([node, sign]) => {
        const known = state.signs[node];
        const same = !known || (known.count === sign.count && known.incarnation === sign.incarnation);
        return [node, same ? { ...sign, changedAtMs: known?.changedAtMs ?? never } : sign];
      }),
    );
    return { ...stepped, state: { ...stepped.state, startedAtMs: never, connectedAtMs: never, signs } };
  };
}

export const waits: KnownBad[] = [
  {
    name: 'wait shorter than the grant',
    why: 'The claimer waits for 0.9 leases.',
    withinSeeds: 5000,
    decide: before(({ timing }) => ({ timing: { ...timing, takeoverWaitMs: 0.9 * timing.leaseTtlMs } })),
  },
  {
    name: 'wait counted from the sending',
    why: 'A late answer shows a counter that has moved on since; its silence is counted from before.',
    withinSeeds: 5000,
    decide: withInput((input) => (input.kind === 'seen' ? { ...input, receivedAtMs: input.sentAtMs } : input)),
  },
  {
    name: 'grant dated by the receipt of its answer',
    why: 'The others may count their wait from before the answer was received.',
    withinSeeds: 5000,
    decide: withInput((input) => (input.kind === 'seen' ? { ...input, sentAtMs: input.receivedAtMs } : input)),
  },
  {
    name: 'no wait after a promise',
    why: 'The standby claims while the grant that its promise gave lives.',
    withinSeeds: 5000,
    decide: before(() => ({ promisedAtMs: never })),
  },
  {
    name: 'claim at once after the own restart',
    why: 'What the earlier incarnation promised is forgotten, and a counter seen once is called silent.',
    withinSeeds: 5000,
    decide: believingAtOnce(({ view }) => view === null),
  },
  {
    name: "claim at once after the store's restart",
    why: 'The store forgot counters; the silence that it shows is none.',
    withinSeeds: 5000,
    decide: believingAtOnce(
      ({ view }, input) => view !== null && view.storeIncarnation !== input.view.storeIncarnation,
    ),
  },
  {
    name: "store's restart unseen",
    why: 'A counter that the store forgot and reached again looks unchanged.',
    withinSeeds: 20_000,
    decide(state, input) {
      const stepped = step(state, input);
      const { connectedAtMs } = state.view ? state : stepped.state;
      return { ...stepped, state: { ...stepped.state, connectedAtMs } };
    },
  },
];
