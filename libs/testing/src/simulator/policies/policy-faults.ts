import type { Cluster } from '../cluster.ts';
import { befall } from '../faults.ts';
import type { PolicyMix } from './policy-mix.ts';

/** From now on until `stop`, at any time and at any host. */
export function beginPolicyFaults(cluster: Cluster, { kinds, everyMs }: PolicyMix): { stop: () => void } {
  const { clock, random } = cluster.world;
  let over = false;
  const next = () => {
    clock.after(random.between(1, 2 * everyMs), () => {
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
