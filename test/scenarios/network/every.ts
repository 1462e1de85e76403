import { type End, type Fault, partNames, type Which } from './faults.ts';
import type { Episode } from './schedule.ts';

const whiches: readonly Which[] = ['active', 'standby'];
const freezesMs = [1000, 2000, 5000, 20_000] as const;
const pairs: readonly (readonly [End, End])[] = [
  ['active', 'standby'],
  ['active', 'store'],
  ['standby', 'store'],
];

/** Every kind of fault to everything that it can be done to, one at a time. */
export function everyEpisode(): Episode[] {
  const faults: Fault[] = [
    ...whiches.flatMap((which) => partNames.map((part): Fault => ({ do: 'kill', which, part }))),
    ...whiches.flatMap((which) => partNames.map((part): Fault => ({ do: 'restart', which, part }))),
    // Short and long in turn: each length meets every part of one node or the other.
    ...partNames.flatMap((part, index) =>
      freezesMs.map((forMs, turn): Fault => {
        const which = whiches[(index + turn) % 2] ?? 'active';
        return { do: 'freeze', which, part, forMs };
      }),
    ),
    ...whiches.flatMap((which) => freezesMs.map((forMs): Fault => ({ do: 'freeze-node', which, forMs }))),
    ...whiches.map((which): Fault => ({ do: 'kill-node', which, forMs: 2000 })),
    ...whiches.map((which): Fault => ({ do: 'kill-node', which, forMs: 10_000 })),
    ...whiches.map((which): Fault => ({ do: 'power-loss', which, forMs: 5000 })),
    { do: 'start-both', forMs: 100 },
    { do: 'start-both', forMs: 3000 },
    ...pairs.flatMap(([one, other]): Fault[] => [
      { do: 'cut', from: one, to: other, oneWay: false, forMs: 8000 },
      { do: 'cut', from: one, to: other, oneWay: true, forMs: 8000 },
      { do: 'cut', from: other, to: one, oneWay: true, forMs: 8000 },
    ]),
    { do: 'cut', from: 'client', to: 'active', oneWay: false, forMs: 5000 },
    ...whiches.map((which): Fault => ({ do: 'isolate', which, forMs: 10_000 })),
    ...whiches.map((which): Fault => ({ do: 'pull-cable', which, forMs: 10_000 })),
    ...freezesMs.map((forMs): Fault => ({ do: 'stall-store', forMs })),
    { do: 'kill-store' },
    { do: 'restart-store' },
    ...whiches.flatMap((which) =>
      [3600, 86_400, -300, -1800].map((seconds): Fault => ({ do: 'step-clock', which, seconds })),
    ),
    ...whiches.flatMap((which) => [0.9, 1.1].map((rate): Fault => ({ do: 'drift-clock', which, rate }))),
    ...whiches.map((which): Fault => ({ do: 'flush-firewall', which })),
    { do: 'hog-processors', processes: 4, forMs: 5000 },
    { do: 'switchover' },
  ];
  return faults.map((fault) => ({ planned: [{ afterMs: 0, fault }] }));
}
