import { faultKinds, type FaultKind } from './fault-kinds.ts';
import { statements, type Moment } from './moments.ts';
import { plots, type Aim } from './plots.ts';
import type { Random } from './random.ts';
import { plainLeaseMs } from './timing.ts';

/** What one schedule is made of. Each seed has its own: a fault that is always there hides what another alone would show. */
export interface Mix {
  faultyMs: number;
  faultEveryMs: number;
  kinds: FaultKind[];
  aims: Aim[];
  /** A third node that wants in. */
  third: boolean;
  /** The heartbeats' connections lead to whoever is asked, not only to the configured peer. */
  everybodyConnected: boolean;
  drift: number;
  lateTimersMs: number;
  /** Of a message between two services of a host; 0: at once. */
  busMs: number;
  slow: number;
  longestMs: number;
  lost: number;
  twice: number;
  fated: number;
  /** The last phase, after the faults. */
  ending: 'all-well' | 'one-stays-dead' | 'store-away';
}

export function mixOf(random: Random, leaseTtlMs: number): Mix {
  const scale = leaseTtlMs / plainLeaseMs;
  const plot = random.chance(0.45) ? random.pick(plots) : null;
  // Some conversations take so many steps that any other fault would end them before.
  const calm = plot !== null && random.chance(0.5);
  return {
    faultyMs: scale * (plot?.third ? 2200 : random.between(500, 2200)),
    faultEveryMs: calm ? 1e6 : scale * random.pick([60, 150, 300, 600]),
    kinds: kindsOf(random),
    aims: [...(plot?.aims ?? []), ...(calm ? [] : aimsOf(random))],
    third: plot?.third ?? random.chance(0.25),
    everybodyConnected: random.chance(0.5),
    drift: random.pick([0, 0, 0.003, 0.01]),
    lateTimersMs: random.pick([0, 0, 1, 5]),
    busMs: random.pick([0, 0, 0.2, 3]),
    slow: calm ? 0 : random.pick([0, 0, 0.02, 0.2]),
    longestMs: random.between(5, 4 * leaseTtlMs),
    lost: random.pick([0, 0.5, 1]),
    twice: random.pick([0, 0, 0.1]),
    fated: calm ? 0 : random.pick([0, 0, 0.01, 0.05]),
    ending: random.pick(['all-well', 'all-well', 'one-stays-dead', 'store-away']),
  };
}

function kindsOf(random: Random): FaultKind[] {
  const chosen = faultKinds.filter(() => random.chance(0.25));
  return chosen.length > 0 ? chosen : [random.pick(faultKinds)];
}

/** Moments that come with every beat; faults at each of them would be the whole schedule. */
const frequent = new Set<Moment>([
  ...(['beat', 'look'] as const).flatMap((what) => [`${what}-sent`, `${what}-done`, `${what}-known`] as const),
  'promise-asked',
  'promise-given',
  'promise-known',
  'effect',
  'write-begun',
]);

const moments: Moment[] = [
  ...statements.flatMap((what) => [`${what}-sent`, `${what}-done`, `${what}-known`] as const),
  'promise-asked',
  'promise-given',
  'promise-known',
  'became-active',
  'fenced',
  'preparing',
  'told-peer',
  'write-begun',
  'effect',
  'woken',
  'started',
];

/** Any fault at any moment. */
function aimsOf(random: Random): Aim[] {
  const aims: Aim[] = [];
  for (let left = random.pick([0, 1, 1, 2, 3]); left > 0; left--) {
    const moment = random.pick(moments);
    aims.push({
      moment,
      fault: random.pick(faultKinds),
      at: random.pick(['same', 'same', 'other', 'any']),
      chance: frequent.has(moment) ? 0.03 : 0.4,
      withinMs: random.pick([0, 0, 2, 40]),
    });
  }
  return aims;
}
