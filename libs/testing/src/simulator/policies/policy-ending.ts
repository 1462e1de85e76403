import type { Cluster } from '../cluster.ts';
import { actives, healed, isWhole, rolesOf, within } from '../ending.ts';
import type { Host } from '../host.ts';
import { noticedMs } from './policy-checks.ts';
import type { PolicyMix } from './policy-mix.ts';

/** A hand-over with its looks, statuses, a silence of 3 s, and listeners that are late. */
const slackMs = 10_000;
/** Whoever has to wait for longer is not waited for: every hand-over doubles the least reign. */
const longestMs = 90_000;
const quietMs = 8000;
const crashEveryMs = 1200;

/**
 * After the heal: the role goes where the policy wants it, in one step and in its time, and rests there. Where both nodes
 * fail, or the policy is to leave it, it rests where it is.
 */
export async function policyEnding(cluster: Cluster, mix: PolicyMix): Promise<void> {
  const pair = await healed(cluster);
  const { violations } = cluster.world;
  if (!pair || violations.first) return;
  const { dead, live } = pair;
  // What failed and crashed before the heal is reason enough for a while.
  await within(cluster, mix.policy.handOverAfterMs + noticedMs, () => false);
  if (!(await within(cluster, slackMs, () => isCalm(live)))) {
    violations.violate(9, `a hand-over does not end: ${rolesOf(live)}`);
    return;
  }
  const { policy } = mix;
  const active = actives(live)[0];
  if (!active) return;
  const other = live.find((host) => host !== active);
  const kind = dead || !policy.enabled ? 'all-well' : mix.ending;
  cluster.world.say(`policies: ${kind}, ${active.name} is active`);
  if (kind === 'both-fail' && other) return restsAlthoughBothFail(cluster, active, other);
  if (kind === 'active-fails' && other) {
    active.fallSick(Number.POSITIVE_INFINITY);
    return movesTo(cluster, other, policy.handOverAfterMs);
  }
  if (kind === 'active-crashes' && other) {
    crash(cluster, active);
    return movesTo(cluster, other, policy.restartWindowMs);
  }
  const failsBack = policy.enabled && policy.failback === 'automatic' && other?.name === 'a';
  if (failsBack) return movesTo(cluster, other, policy.failbackAfterMs);
  return rests(cluster, `${active.name} was to stay active`);
}

/** The role has to move to a host, when everything that may put it off is over. */
async function movesTo(cluster: Cluster, to: Host, afterMs: number): Promise<void> {
  const { world, hosts, takeOvers } = cluster;
  const { policyChecks, policies } = world;
  const pausedMs = Math.max(0, (world.tables.pause?.endsAtMs ?? 0) - world.clock.monotonicMs());
  const restartedMs = policies?.policy.restartWindowMs ?? 0;
  const dueMs = pausedMs + restartedMs + afterMs + (policyChecks?.leastReignMs('failback') ?? 0) + slackMs;
  if (dueMs > longestMs) return;
  const claims = takeOvers.claims;
  const is = () => actives(hosts)[0] === to && isWhole(hosts) && isCalm(hosts);
  if (!(await within(cluster, dueMs, is))) {
    world.violations.violate(9, `${to.name} is not active ${dueMs} ms after it was to be: ${rolesOf(hosts)}`);
    return;
  }
  const moved = takeOvers.claims - claims;
  if (moved > 1) world.violations.violate(9, `it took ${moved} claims until ${to.name} was active`);
  await rests(cluster, `${to.name} was to rest as the active`);
}

/** Nobody is better: the role stays where it is, whatever the policy says of either node. */
async function restsAlthoughBothFail(cluster: Cluster, ...both: Host[]): Promise<void> {
  for (const host of both) host.fallSick(Number.POSITIVE_INFINITY);
  // What was decided before either node had heard of it.
  await within(cluster, quietMs, () => false);
  await within(cluster, slackMs, () => isCalm(both));
  await rests(cluster, 'both nodes fail, and the role was to stay');
  await rests(cluster, 'both nodes fail, and the role was to stay');
}

async function rests(cluster: Cluster, what: string): Promise<void> {
  const { world, takeOvers } = cluster;
  const { claims } = takeOvers;
  await within(cluster, quietMs, () => takeOvers.claims > claims);
  if (takeOvers.claims > claims) world.violations.violate(9, `${what}, and the lease moved`);
}

/** Again and again, and well in between. */
function crash({ world: { clock } }: Cluster, host: Host): void {
  const next = () => {
    host.killService('actor');
    clock.after(50, () => host.startService('actor'));
    if (host.up) clock.after(crashEveryMs, next);
  };
  next();
}

const isCalm = (hosts: Host[]): boolean =>
  hosts.every(({ lease }) => !lease || (!lease.handOver && !lease.pending && !lease.claiming));
