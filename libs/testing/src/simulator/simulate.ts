import { aim } from './aims.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { ending } from './ending.ts';
import { beginExtras } from './extras.ts';
import { befall } from './faults.ts';
import type { KnownBad } from './known-bad/index.ts';
import { beginPolicyFaults } from './policies/policy-faults.ts';
import { policyEnding } from './policies/policy-ending.ts';
import type { Counted } from './world.ts';

export interface SimulatedRun {
  seed: number;
  /** The first invariant that was broken, in words; what follows from it says nothing more. Empty: none. */
  violations: string[];
  /** The highest epoch reached. */
  reigns: number;
  /** Claims from a holder that had not let go, and those of them that took from an active which lived and was well. */
  takeOvers: number;
  falseTakeOvers: number;
  handOvers: number;
  /** What few schedules have. */
  counts: Partial<Record<Counted, number>>;
  /** What happened, for people: faults and transitions with their times. */
  trace: string[];
}

/**
 * One schedule of two whole nodes (arbiter, heartbeat, a service with a gate; each a process of its own), by chance with a
 * third that wants in, under a virtual clock: some seconds of faults of a mix that the seed picks, then the heal. Safety
 * is looked at whenever something changes, liveness at the end. The same seed replays it.
 */
export async function simulate(
  seed: number,
  variant: KnownBad | null = null,
  options: ClusterOptions = {},
): Promise<SimulatedRun> {
  const cluster = new Cluster(seed, variant, options);
  const { clock, random, mix, violations, tables, scale, say } = cluster.world;
  say(`mix ${JSON.stringify(mix)}`);

  const aims = aim(cluster);
  const extras = cluster.extras && beginExtras(cluster, cluster.extras);
  if (cluster.extras) say(`extras ${cluster.extras.kinds.join(' ')}`);
  const { policies } = cluster;
  const policyFaults = policies && beginPolicyFaults(cluster, policies);
  if (policies) {
    say(`policies ${JSON.stringify(policies)}`);
    cluster.world.count('schedules with policies');
    cluster.world.policyChecks?.start();
  }
  for (const host of cluster.hosts) {
    const afterMs = random.chance(0.5) ? 0 : scale * random.between(0, 300);
    clock.after(afterMs, () => host.start());
  }
  for (let ms = 0; ms < mix.faultyMs && !violations.first;) {
    const quietMs = Math.min(random.between(1, 2 * mix.faultEveryMs), mix.faultyMs - ms);
    await clock.advance(quietMs);
    ms += quietMs;
    if (ms < mix.faultyMs) befall(cluster, random.pick(cluster.hosts), random.pick(mix.kinds));
  }
  aims.stop();
  extras?.stop();
  policyFaults?.stop();
  if (!violations.first) await (policies ? policyEnding(cluster, policies) : ending(cluster));
  // Nothing of this run may go on when the next one begins.
  for (const host of cluster.hosts) host.kill();
  const { count, planned } = cluster.takeOvers;
  return {
    seed,
    violations: violations.first ? [violations.first] : [],
    reigns: tables.reign.epoch,
    takeOvers: count,
    falseTakeOvers: cluster.takeOvers.false,
    handOvers: planned,
    counts: cluster.counts,
    trace: cluster.trace,
  };
}
