import type { Cluster } from './cluster.ts';
import { befall } from './faults.ts';
import type { Host } from './host.ts';
import type { Aim } from './plots.ts';

/** From now on until `stop`, the faults of the mix come at the moments that they are aimed at. */
export function aim(cluster: Cluster): { stop: () => void } {
  const { world, hosts } = cluster;
  let over = false;
  for (const one of world.mix.aims) {
    world.moments.on(one.moment, (name) => {
      if (over || !world.random.chance(one.chance)) return;
      const host = target(cluster, one, name);
      if (!host) return;
      world.say(`at ${one.moment} of ${name}:`);
      if (one.withinMs === 0) befall(cluster, host, one.fault, one.lastsMs);
      else
        world.clock.after(world.scale * world.random.between(0, one.withinMs), () => {
          if (!over) befall(cluster, host, one.fault, one.lastsMs);
        });
    });
  }
  return {
    stop() {
      over = true;
      for (const host of hosts) host.access.next = null;
    },
  };
}

function target({ hosts, world: { random } }: Cluster, { at }: Aim, name: string): Host | undefined {
  const candidates = hosts.filter((host) => at === 'any' || (host.name === name) === (at === 'same'));
  return random.pick(candidates);
}
