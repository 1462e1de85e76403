import { Cluster } from './cluster.ts';
import { actives, isWhole, within } from './ending.ts';
import type { Host } from './host.ts';
import type { Mix } from './mix.ts';
import type { SimulatedTiming } from './timing.ts';

export const stalled = ['heartbeat', 'arbiter', 'node', 'store'] as const;
export type Stalled = (typeof stalled)[number];

/** Nothing is broken: timers are a millisecond late at most, a message takes less than one. */
const nothingBroken: Mix = {
  faultyMs: 0,
  faultEveryMs: 1e9,
  kinds: [],
  aims: [],
  third: false,
  everybodyConnected: true,
  drift: 0,
  lateTimersMs: 1,
  busMs: 0.2,
  slow: 0,
  longestMs: 5,
  lost: 1,
  twice: 0,
  fated: 0,
  ending: 'all-well',
};

export interface StallsResult {
  stalls: number;
  /** The active let go in time. */
  lapses: number;
  /** The standby claimed. */
  takeOvers: number;
}

/**
 * What a late scheduler costs: something of the active (or the store) stands still for so long, at any moment of the beat, and
 * nothing else happens. How often that ends the reign.
 */
export async function stalls(
  seed: number,
  { timing, what, stallMs, times }: { timing: SimulatedTiming; what: Stalled; stallMs: number; times: number },
): Promise<StallsResult> {
  const cluster = new Cluster(seed, null, { timing, policies: 'none', mix: nothingBroken });
  const { clock, random, violations, server } = cluster.world;
  for (const host of cluster.hosts) host.start();
  const result: StallsResult = { stalls: 0, lapses: 0, takeOvers: 0 };
  const lapses = () => cluster.trace.filter((line) => line.includes('(fence-lapsing)')).length;
  for (; result.stalls < times; result.stalls++) {
    await within(cluster, 10_000, () => isWhole(cluster.hosts));
    await clock.advance(2 * timing.leaseTtlMs + random.between(0, timing.beatMs));
    const [active] = actives(cluster.hosts);
    if (!active) break;
    const before = { lapses: lapses(), takeOvers: cluster.takeOvers.count };
    if (what === 'store') server.stall(stallMs);
    else freeze(active, what, stallMs);
    await clock.advance(stallMs + 2 * timing.takeoverWaitMs);
    if (lapses() > before.lapses) result.lapses++;
    if (cluster.takeOvers.count > before.takeOvers) result.takeOvers++;
  }
  for (const host of cluster.hosts) host.kill();
  if (violations.first) throw new Error(violations.first);
  return result;
}

function freeze(host: Host, what: 'heartbeat' | 'arbiter' | 'node', forMs: number): void {
  const services = what === 'node' ? (['heartbeat', 'arbiter', 'actor'] as const) : [what];
  for (const service of services) host.process(service)?.freeze(forMs);
  host.befell(forMs);
}
