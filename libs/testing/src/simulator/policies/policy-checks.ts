import type { Transition } from '@hotstandby/ports';
import type { Cluster } from '../cluster.ts';
import type { Host } from '../host.ts';
import type { PolicyMix } from './policy-mix.ts';
import type { SharedHistory } from './shared-history.ts';
import { Spans } from './spans.ts';

const lookEveryMs = 250;
/** Clocks drift by a hundredth at most, and this looks four times a second. */
const least = (ms: number) => 0.98 * ms - 2 * lookEveryMs;
/** An unwell service is noticed within this: silence of 3 s, a status and a look a second. */
export const noticedMs = 4500 + 2 * lookEveryMs;
const statusMs = 1000;
/** A hand-over that is under way when a pause becomes known is not called back. */
const underWayMs = 2000;

interface Watched {
  /** The critical service runs and says that it is well. */
  well: Spans;
  /** Nothing keeps this host's arbiter from hearing its own services, and those of the other one. */
  hearsItself: Spans;
  hears: Spans;
  /** Nothing gets through to it. */
  cutOff: Spans;
  knowsOfPauseSinceMs: number | null;
}

/** Invariant 9: roles move by policy only when, and as often as, the policy says. Looked at from beside, by true time. */
export class PolicyChecks {
  readonly #cluster: Cluster;
  readonly #policy: PolicyMix['policy'];
  readonly #history: SharedHistory;
  readonly #watched = new Map<string, Watched>();
  /** When a host was first active under an epoch. */
  readonly #activeFromMs = new Map<string, number>();
  #place: { incarnation: string | null; sinceMs: number } = { incarnation: null, sinceMs: 0 };
  #lastHandOverMs = Number.NEGATIVE_INFINITY;
  /** To the hand-over that a host decided on last. */
  readonly #objections = new Map<string, string[]>();
  handOvers = 0;

  constructor(cluster: Cluster, policy: PolicyMix['policy'], history: SharedHistory) {
    this.#cluster = cluster;
    this.#policy = policy;
    this.#history = history;
  }

  start(): void {
    for (const { name } of this.#cluster.hosts) {
      this.#watched.set(name, {
        well: new Spans(),
        hearsItself: new Spans(),
        hears: new Spans(),
        cutOff: new Spans(),
        knowsOfPauseSinceMs: null,
      });
    }
    this.#cluster.world.clock.every(lookEveryMs, () => this.#look());
  }

  active(host: Host, epoch: number): void {
    const key = `${host.name} ${epoch}`;
    if (!this.#activeFromMs.has(key)) this.#activeFromMs.set(key, this.#nowMs());
  }

  /** A claim by itself from another node, which no hand-over named it for. */
  tookOver(nodeId: string): void {
    if (!this.#policy.enabled) this.#violate(`${nodeId} took over by itself although failover is switched off`);
  }

  /** By how often the pair has handed over by itself, as the store has it: each time but the first doubles the least reign. */
  leastReignMs(rule: string, beforeMs = Number.POSITIVE_INFINITY): number {
    const { length } = this.#history.kept.filter(({ atMs, transition }) => atMs <= beforeMs && isByPolicy(transition));
    // The first one by health waits for nothing.
    if (length === 0 && rule === 'health-hand-over') return 0;
    return this.#policy.minimumReignMs * 2 ** Math.min(Math.max(0, length - 1), 10);
  }

  journalled(host: Host, transition: Transition): void {
    if (!isByPolicy(transition)) return;
    const { rule, epoch } = transition;
    const nowMs = this.#nowMs();
    this.handOvers += 1;
    if (rule === 'failback') this.#cluster.world.count('failbacks');
    else this.#cluster.world.count('hand-overs by health');
    if (!this.#policy.enabled) this.#violate(`${host.name} handed over (${rule}) although failover is switched off`);
    for (const what of this.#objections.get(host.name) ?? []) this.#violate(what);
    this.#reignedLongEnough(host, rule, epoch, nowMs);
    this.#lastHandOverMs = nowMs;
  }

  /**
   * What it is for is judged when it is decided: a node may stand still before anybody sees it. What comes to nothing (the
   * reign was over, the store refused) harms nobody.
   */
  decided(host: Host, rule: 'failback' | 'health-hand-over'): void {
    const nowMs = this.#nowMs();
    this.#objections.set(host.name, []);
    if (rule === 'failback') this.#failedBack(host, nowMs);
    else this.#handedOverByHealth(host, nowMs);
    const pausedSinceMs = this.#watched.get(host.name)?.knowsOfPauseSinceMs ?? null;
    // It may have ended since the last look from beside.
    if (pausedSinceMs !== null && nowMs - pausedSinceMs > underWayMs && this.#knowsOfPause(host, nowMs))
      this.#object(host, `${host.name} handed over (${rule}) in a pause that it knew of`);
  }

  #reignedLongEnough(host: Host, rule: string, epoch: number, nowMs: number): void {
    const fromMs = this.#activeFromMs.get(`${host.name} ${epoch}`) ?? nowMs;
    const reignedMs = nowMs - fromMs;
    const leastMs = this.leastReignMs(rule, fromMs);
    if (reignedMs < least(leastMs))
      this.#violate(`${host.name} handed over (${rule}) after ${reignedMs.toFixed(0)} ms, of at least ${leastMs}`);
    const apartMs = nowMs - this.#lastHandOverMs;
    // A store that forgets forgets how often it was.
    if (leastMs > 0 && apartMs < least(this.#policy.minimumReignMs))
      this.#violate(`${host.name} handed over (${rule}) ${apartMs.toFixed(0)} ms after the last hand-over by itself`);
  }

  #failedBack(host: Host, nowMs: number): void {
    const { failback, failbackAfterMs } = this.#policy;
    if (failback !== 'automatic') this.#object(host, `${host.name} failed back, and the policy says ${failback}`);
    const primary = this.#cluster.host('a');
    const [watched, own] = [this.#watched.get('a'), this.#watched.get(host.name)];
    if (!primary || !watched || !own || host === primary)
      return this.#object(host, `${host.name} failed back to nobody`);
    const placeForMs = nowMs - this.#place.sinceMs;
    // What this host has not seen yet it cannot go by.
    const unseenMs = 2 * this.#cluster.world.timing.beatMs + lookEveryMs;
    if (placeForMs > unseenMs && placeForMs < least(failbackAfterMs))
      this.#object(
        host,
        `${host.name} failed back to a standby of ${placeForMs.toFixed(0)} ms, not ${failbackAfterMs}`,
      );
    const unwell = watched.well.all.findLast(
      ({ is, fromMs, untilMs }) =>
        !is && untilMs - fromMs >= noticedMs && own.hears.was(true, fromMs - 2 * statusMs, untilMs + 2 * statusMs),
    );
    const wellForMs = unwell ? nowMs - unwell.untilMs : Number.POSITIVE_INFINITY;
    if (wellForMs < least(failbackAfterMs))
      this.#object(
        host,
        `${host.name} failed back to a primary that was well for ${wellForMs.toFixed(0)} ms, not ${failbackAfterMs}`,
      );
    if (own.cutOff.was(true, nowMs - Math.max(failbackAfterMs, noticedMs + statusMs), nowMs))
      this.#object(host, `${host.name} failed back to a primary that it did not hear`);
  }

  #handedOverByHealth(host: Host, nowMs: number): void {
    const { atOnce, handOverAfterMs, localRestarts, restartWindowMs } = this.#policy;
    const own = this.#watched.get(host.name);
    if (!own) return;
    // What was well between two of its words did not say so, and what it says just now is on its way.
    const unsaidMs = nowMs - host.saidWellBefore(nowMs - lookEveryMs);
    const unwellMs = own.well.longestMs(false, nowMs - noticedMs);
    // What it does not hear of when it happens it hears of later.
    const heard = (sinceMs: number) => own.hearsItself.was(true, sinceMs, nowMs);
    const recentMs = nowMs - 1.02 * handOverAfterMs - noticedMs;
    const sinceMs = nowMs - 1.02 * restartWindowMs - noticedMs;
    const restarts = heard(sinceMs - noticedMs)
      ? host.actorStartedAtMs.filter((atMs) => atMs >= sinceMs).length
      : Number.POSITIVE_INFINITY;
    // A restart is noticed by the first word, which a process that stood still says late.
    const recent = !heard(recentMs) || host.actorStartedAtMs.some((atMs) => own.well.nextMs(true, atMs) >= recentMs);
    // What has been unwell for less than a look from beside is unwell all the same, and so is what said so last.
    const saidSo = host.saidFailedAtMs >= nowMs - noticedMs;
    const isUnwell = unwellMs > 0 || saidSo || !host.isServiceWell();
    const inVain = restarts > 0 && restarts >= localRestarts && isUnwell;
    const restartedTooOften = restarts > localRestarts && recent;
    const longest = isUnwell ? Math.max(unwellMs, unsaidMs) : unwellMs;
    const longEnough = atOnce.length > 0 ? isUnwell : longest >= least(handOverAfterMs) - statusMs;
    if (!longEnough && !restartedTooOften && !inVain)
      this.#object(
        host,
        `${host.name} handed over because of its service, unwell for ${unwellMs.toFixed(0)} ms, not ${handOverAfterMs}, and restarted ${restarts} times`,
      );
    const peer = this.#cluster.hosts.find((other) => other !== host);
    const theirs = peer && this.#watched.get(peer.name);
    const heardSinceMs = nowMs - noticedMs - statusMs;
    // One that was well for less than a look from beside may have said so.
    const worse =
      peer !== undefined &&
      !peer.isServiceWell() &&
      peer.saidWellAtMs < heardSinceMs &&
      theirs?.well.was(false, heardSinceMs, nowMs);
    if (worse && own.hears.was(true, nowMs - noticedMs - 2 * statusMs, nowMs))
      this.#object(host, `${host.name} handed over to ${peer?.name}, which is no better`);
  }

  #look(): void {
    const nowMs = this.#nowMs();
    const { hosts, world } = this.#cluster;
    const { standbyIncarnation } = world.tables.reign;
    if (standbyIncarnation !== this.#place.incarnation) {
      this.#place = { incarnation: standbyIncarnation, sinceMs: nowMs };
    }
    for (const host of hosts) {
      const watched = this.#watched.get(host.name);
      const peer = hosts.find((other) => other !== host);
      if (!watched || !peer) continue;
      watched.well.is(host.isServiceWell(), nowMs);
      const arbiter = host.process('arbiter');
      const line = this.#cluster.line(peer.name, host.name);
      const up = !host.bus.isAway() && arbiter?.isWell() === true;
      watched.hearsItself.is(up, nowMs);
      const through = up && !peer.bus.isAway() && !line.isCut();
      watched.cutOff.is(!through, nowMs);
      watched.hears.is(through && !line.isSlow(), nowMs);
      watched.knowsOfPauseSinceMs = this.#knowsOfPause(host, nowMs) ? (watched.knowsOfPauseSinceMs ?? nowMs) : null;
    }
  }

  #knowsOfPause(host: Host, nowMs: number): boolean {
    const pause = host.lease?.pause;
    const { number } = this.#cluster.world.tables.pause ?? {};
    return pause != null && pause.untilMs > host.clock.at(nowMs) && pause.number === number;
  }

  #nowMs(): number {
    return this.#cluster.world.clock.monotonicMs();
  }

  #object(host: Host, what: string): void {
    this.#objections.get(host.name)?.push(what);
  }

  #violate(what: string): void {
    this.#cluster.world.violations.violate(9, what);
  }
}

/** A hand-over that nobody asked for. */
export const isByPolicy = ({ rule, operator }: Transition): boolean =>
  (rule === 'failback' || rule === 'health-hand-over') && operator === null;
