import type { Cluster } from './cluster.ts';
import { extraKinds, type ExtraKind } from './fault-kinds.ts';
import { befall } from './faults.ts';
import { Random } from './random.ts';

/** What a third of the schedules has beside its mix: what operators do, machines that sleep, stores that forget more. */
export interface Extras {
  kinds: ExtraKind[];
  everyMs: number;
}

/** Drawn by a generator of their own, so that all other schedules are what they would be without. */
export function extrasOf(seed: number): Extras | null {
  const random = new Random(seed ^ 0x9e3779b9);
  if (!random.chance(1 / 3)) return null;
  const chosen = extraKinds.filter(() => random.chance(0.3));
  return {
    kinds: chosen.length > 0 ? chosen : [random.pick(extraKinds)],
    everyMs: random.pick([100, 200, 400]),
  };
}

/** From now on until `stop`, at any time and at any host. */
export function beginExtras(cluster: Cluster, { kinds, everyMs }: Extras): { stop: () => void } {
  const { clock, random, scale } = cluster.world;
  let over = false;
  const next = () => {
    clock.after(scale * random.between(1, 2 * everyMs), () => {
      if (over) return;
      befall(cluster, random.pick(cluster.hosts), random.pick(kinds));
      next();
    });
  };
  next();
  return {
    stop() {
      over = true;
    },
  };
}
