import { firstClaimGraceMs } from '@hotstandby/core/lease';
import type { Cluster } from './cluster.ts';
import type { Host } from './host.ts';

/** Invariant 4's constant: within this after the heal, the pair is whole again (a place is given up after a second). */
const wholeWithinMs = 5000;
/** Somebody is active after this: two statements' time-outs, a take-back of a second, and some waits. */
const activeWithinMs = 3000;
/** And stays so. */
const staysMs = 300;

/** What lives after the heal, and the host that stays dead, if one does. */
export interface Healed {
  dead: Host | null;
  live: Host[];
}

/** Everything is mended, or one host stays dead, and the pair finds itself. Null: it did not, which is said where it is wrong. */
export async function healed(cluster: Cluster): Promise<Healed | null> {
  const { world, hosts } = cluster;
  const { random, mix, violations } = world;
  world.say(`heal: ${mix.ending}`);
  world.mix.slow = 0;
  world.mix.lost = 1;
  // What a statement that was held up would set off now is no part of a healed world.
  world.moments.forget();
  cluster.mendEverything();
  const dead = mix.ending === 'one-stays-dead' ? random.pick(hosts) : null;
  dead?.retire();
  const live = hosts.filter((host) => host !== dead);
  for (const host of hosts) {
    host.access.fated = 0;
    host.recover();
    if (host === dead) continue;
    host.wake((process) => process.leaveAlone());
    host.start();
  }
  // What was sent before the heal may still come, and undo what was found: only then is the pair at rest.
  const alone = dead !== null || world.policies?.policy.enabled === false;
  const found = () => (alone ? actives(live).length === 1 : isWhole(hosts));
  // And who waits for an answer that was lost gives up first.
  const restMs = world.clock.monotonicMs() + 1.1 * world.timing.statementTimeoutMs;
  const atRest = () =>
    world.clock.monotonicMs() > restMs &&
    cluster.isQuiet() &&
    live.every((host) => host.isWell() && !host.stopping && !host.lease?.doubt);
  // Whoever takes over waits for the end of a pause.
  const pausedMs = Math.max(0, (world.tables.pause?.endsAtMs ?? 0) - world.clock.monotonicMs());
  // The secondary leaves the primary its time.
  const graceMs = world.tables.reign.epoch === 0 ? firstClaimGraceMs : 0;
  const longer = Math.max(1, world.scale);
  const firstMs = pausedMs + graceMs + longer * (dead ? activeWithinMs : wholeWithinMs);
  let done = await within(cluster, firstMs, () => found() && atRest());
  if (done) {
    // What the last of it undid shows at the next beat.
    await world.clock.advance(2 * world.timing.beatMs);
    done = await within(cluster, longer * activeWithinMs, () => found() && atRest());
  }
  if (!done && (!dead || mayBeActive(live, cluster)))
    violations.violate(4, `after the heal the roles are ${rolesOf(live)}`);
  return done ? { dead, live } : null;
}

/** After the faults and the heal; in some schedules the store goes away then. */
export async function ending(cluster: Cluster): Promise<void> {
  const pair = await healed(cluster);
  if (!pair) return;
  const { dead, live } = pair;
  const { world, hosts } = cluster;
  const { mix, violations } = world;
  const longer = Math.max(1, world.scale);
  const active = actives(live);
  const { epoch } = world.tables.reign;
  const { planned } = cluster.takeOvers;
  // The standby's word counts when the active has seen it registered and asked it.
  if (!dead) await within(cluster, longer * activeWithinMs, () => active.every((host) => hasVoice(host, cluster)));
  if (mix.ending === 'store-away')
    for (const { name } of hosts) {
      cluster.line(name, 'store').cut(1e9);
      cluster.line('store', name).cut(1e9);
    }
  await world.clock.advance(longer * (mix.ending === 'store-away' ? 2 * staysMs : staysMs));
  const now = actives(live);
  // What was asked for before the heal may still be under way: then the lease has moved, as planned.
  const moved = cluster.takeOvers.planned > planned || live.some(({ lease }) => lease?.handOver);
  const stays = now[0] === active[0] && now.length === 1 && world.tables.reign.epoch === epoch;
  // A third node may be the standby, and the configured peer is asked for promises: then the store was all there was.
  const hasVoter = mix.ending !== 'store-away' || !mix.third || mix.everybodyConnected;
  if (!stays && !moved && hasVoter) violations.violate(4, `${active[0]?.name} did not stay active: ${rolesOf(live)}`);
}

/** The active has just heard a standby's promise, and nothing of either is under way. */
function hasVoice({ lease, promisedAtMs }: Host, { hosts, world: { clock, timing } }: Cluster): boolean {
  const standby = hosts.find((host) => host.lease?.self.incarnation === lease?.view?.reign.standbyIncarnation)?.lease;
  const settled = [lease, standby].every((one) => one && !one.pending && !one.claiming && !one.handOver);
  return settled && promisedAtMs > clock.monotonicMs() - timing.beatMs;
}

export async function within(
  { world: { clock, random, scale } }: Cluster,
  ms: number,
  is: () => boolean,
): Promise<boolean> {
  const longer = Math.max(1, scale);
  for (let leftMs = ms; leftMs > 0; leftMs -= 20 * longer) {
    if (is()) return true;
    // No step of its own: beats have one.
    await clock.advance(longer * random.between(15, 25));
  }
  return is();
}

export const actives = (hosts: Host[]) =>
  hosts.filter((host) => host.lease?.role === 'active' && host.holding() !== null);

export function isWhole(hosts: Host[]): boolean {
  const roles = hosts.map((host) => host.lease?.role);
  const wanted = hosts.length === 2 ? ['active', 'standby'] : ['active', 'refused', 'standby'];
  return actives(hosts).length === 1 && roles.toSorted().join(' ') === wanted.join(' ');
}

/**
 * Nobody can say who it was when the store forgot, and who knows is dead (docs/lease.md, "A store that forgets"). Else a
 * voter of the present reign lives: the holder itself, its standby, or anybody when there is none. */
function mayBeActive(live: Host[], { world: { tables, policies } }: Cluster): boolean {
  const { holder, lastHolder, standby } = tables.reign;
  if (live.some(({ lease }) => lease?.doubt)) return false;
  const voters = [holder ?? lastHolder, standby];
  // Without failover whoever held it last, or the primary where nobody did.
  if (policies?.policy.enabled === false) return live.some(({ disk }) => disk.nodeId === (voters[0] ?? 'id-a'));
  return standby === null || live.some(({ disk }) => voters.includes(disk.nodeId));
}

export function rolesOf(hosts: Host[]): string {
  return hosts.map(({ name, lease }) => `${name} ${lease?.role ?? 'dead'}`).join(', ');
}
