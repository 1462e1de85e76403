import { type End, type Fault, partNames, type Which } from './faults.ts';

/** A fault that begins so long after its episode does. */
export interface Planned {
  afterMs: number;
  fault: Fault;
}

/** Some faults, at one time or another; then everything is mended and must become whole again. */
export interface Episode {
  planned: Planned[];
}

const whiches: readonly Which[] = ['active', 'standby'];
const freezesMs = [1000, 2000, 5000, 20_000];
const ends: readonly End[] = ['active', 'standby', 'store'];

/** The same numbers for the same seed: mulberry32. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Episodes without end, all from the seed: one to three faults each, which may overlap. */
export function* randomEpisodes(seed: number): Generator<Episode> {
  const random = chance(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const oneOf = <Value>(values: readonly Value[]): Value => values[below(values.length)] as Value;
  // The long ones seldom: a run of some minutes should see many.
  const someMs = () => (random() < 0.1 ? oneOf(freezesMs) : oneOf(freezesMs.slice(0, 3)));
  const which = () => (random() < 0.7 ? 'active' : 'standby');
  const kinds: readonly (() => Fault)[] = [
    () => ({ do: 'kill', which: which(), part: oneOf(partNames) }),
    () => ({ do: 'restart', which: which(), part: oneOf(partNames) }),
    () => ({ do: 'kill-node', which: which(), forMs: someMs() }),
    () => ({ do: 'power-loss', which: which(), forMs: someMs() }),
    () => ({ do: 'start-both', forMs: 1000 }),
    () => ({ do: 'freeze', which: which(), part: oneOf(partNames), forMs: someMs() }),
    () => ({ do: 'freeze-node', which: which(), forMs: someMs() }),
    () => {
      const from = oneOf(ends);
      const to = oneOf(ends.filter((end) => end !== from));
      return { do: 'cut', from, to, oneWay: random() < 0.5, forMs: someMs() };
    },
    () => ({ do: 'isolate', which: which(), forMs: someMs() }),
    () => ({ do: 'pull-cable', which: which(), forMs: someMs() }),
    () => ({ do: 'stall-store', forMs: someMs() }),
    () => ({ do: oneOf(['kill-store', 'restart-store'] as const) }),
    () => ({ do: 'step-clock', which: oneOf(whiches), seconds: oneOf([3600, 86_400, -300, -1800]) }),
    () => ({ do: 'drift-clock', which: oneOf(whiches), rate: oneOf([0.9, 1.1, 2]) }),
    () => ({ do: 'flush-firewall', which: which() }),
    () => ({ do: 'hog-processors', processes: 4, forMs: 3000 }),
    () => ({ do: 'switchover' }),
  ];
  for (;;) {
    const planned = Array.from({ length: 1 + below(3) }, (_, index) => ({
      afterMs: index === 0 ? 0 : below(4000),
      fault: oneOf(kinds)(),
    }));
    yield { planned };
  }
}

const alone = (fault: Fault): Episode => ({ planned: [{ afterMs: 0, fault }] });

/** What tells most in a short time: each is one after which a pair that gets the lease or the address wrong shows it. */
export const tellingEpisodes: readonly Episode[] = [
  alone({ do: 'kill-node', which: 'active', forMs: 4000 }),
  alone({ do: 'freeze-node', which: 'active', forMs: 5000 }),
  alone({ do: 'isolate', which: 'active', forMs: 5000 }),
  alone({ do: 'cut', from: 'active', to: 'standby', oneWay: false, forMs: 5000 }),
  alone({ do: 'cut', from: 'active', to: 'store', oneWay: true, forMs: 5000 }),
  {
    planned: [
      { afterMs: 0, fault: { do: 'stall-store', forMs: 5000 } },
      { afterMs: 1000, fault: { do: 'step-clock', which: 'active', seconds: 3600 } },
      { afterMs: 2000, fault: { do: 'step-clock', which: 'standby', seconds: -300 } },
    ],
  },
  alone({ do: 'start-both', forMs: 500 }),
  {
    planned: [
      { afterMs: 0, fault: { do: 'hog-processors', processes: 4, forMs: 4000 } },
      { afterMs: 500, fault: { do: 'switchover' } },
      { afterMs: 1500, fault: { do: 'freeze', which: 'active', part: 'network-binding', forMs: 2000 } },
    ],
  },
];
