import { ManualClock } from '../manual-clock/index.ts';
import { MemoryTables } from '../memory-lease-store/index.ts';
import { fastTiming } from '../pair/index.ts';
import { besidePolicies, policiesOf, type PolicyMix, type WithPolicies } from './policies/policy-mix.ts';
import { InOrderLeaf } from './policies/in-order-leaf.ts';
import { PolicyChecks } from './policies/policy-checks.ts';
import { SharedHistory } from './policies/shared-history.ts';
import { plainLeaseMs, standardTiming, type SimulatedTiming } from './timing.ts';
import { GrantChecks } from './checks/grants.ts';
import { StoreHistory, type TakeOver } from './checks/store-history.ts';
import { TakeOvers } from './checks/take-overs.ts';
import { Violations } from './checks/violations.ts';
import { GuardedTables } from './guarded-tables.ts';
import { HostBus, type Deliver } from './host-bus.ts';
import { HostClock } from './host-clock.ts';
import { Host } from './host.ts';
import type { KnownBad } from './known-bad/index.ts';
import { Line } from './line.ts';
import { extrasOf, type Extras } from './extras.ts';
import { mixOf, type Mix } from './mix.ts';
import { Moments } from './moments.ts';
import { PeerLines } from './peer-line.ts';
import { Random } from './random.ts';
import { StoreServer } from './store-server.ts';
import type { Counted, World } from './world.ts';

export interface ClusterOptions {
  /** Of the schedules without policies. */
  timing?: SimulatedTiming;
  policies?: WithPolicies;
  /** Instead of what the seed picks. */
  mix?: Mix;
}

/** The hosts of one schedule, the store, and every line between them. */
export class Cluster {
  readonly world: World;
  readonly hosts: Host[];
  readonly trace: string[] = [];
  readonly takeOvers: TakeOvers;
  readonly startMs: number;
  /** The faults are over. */
  mended = false;
  readonly extras: Extras | null;
  /** Null: nothing moves roles by itself but the lease. */
  readonly policies: PolicyMix | null;
  readonly counts: Partial<Record<Counted, number>> = {};
  readonly #lines = new Map<string, Line>();
  readonly #leaves = new Map<Line, InOrderLeaf>();

  constructor(seed: number, variant: KnownBad | null, options: ClusterOptions = {}) {
    const clock = new ManualClock();
    const random = new Random(seed);
    this.policies = policiesOf(seed, options.policies ?? 'some');
    const timing = this.policies ? standardTiming : (options.timing ?? fastTiming);
    const scale = timing.leaseTtlMs / plainLeaseMs;
    const plainMix = mixOf(random, timing.leaseTtlMs);
    const mix = options.mix ?? (this.policies ? besidePolicies(plainMix, this.policies) : plainMix);
    this.extras = this.policies || options.mix ? null : extrasOf(seed);
    const count = (what: Counted) => {
      this.counts[what] = (this.counts[what] ?? 0) + 1;
    };
    const tables = new MemoryTables();
    const moments = new Moments();
    this.startMs = clock.monotonicMs();
    const say = (what: string) =>
      void this.trace.push(`${(clock.monotonicMs() - this.startMs).toFixed(1).padStart(8)} ${what}`);
    const violations = new Violations(() => clock.monotonicMs() - this.startMs, say);
    const grants = new GrantChecks(violations, () => this.hosts);
    const history = new StoreHistory(tables, violations, {
      tookOver: (takeOver) => this.#tookOver(takeOver),
      isForced: (incarnation) => this.hosts.some(({ forced }) => forced.has(incarnation)),
      mayTakeOver: (nodeId) => this.world.policyChecks?.tookOver(nodeId),
      isPaused: () => (tables.pause?.endsAtMs ?? 0) > clock.monotonicMs(),
      count,
    });
    const server = new StoreServer(tables, clock, random, scale, (store) =>
      history.watching(variant?.store?.(store, { tables, clock, random }) ?? store),
    );
    server.onForgotten = () => history.forgot(grants.highestEpoch);
    server.onPromotedAgain = () => {
      count('second promotions');
      grants.epochsMayGoBack = true;
      history.epochsMayGoBack = true;
    };
    server.onFirstClaimForgotten = () => {
      count('first claims forgotten');
      grants.forgotFirst();
      history.forgot(0);
    };
    const transitions = new SharedHistory(server);
    server.onReplaced = (sinceMs) => transitions.forget(sinceMs);
    let ids = 0;
    this.world = {
      clock,
      random,
      mix,
      timing,
      scale,
      policies: this.policies,
      history: transitions,
      policyChecks: this.policies && new PolicyChecks(this, this.policies.policy, transitions),
      variant,
      tables,
      server,
      moments,
      violations,
      grants,
      handedOver: new Set(),
      guarded: new GuardedTables(tables, violations, variant?.guard ?? 'commit', () =>
        history.epochsMayGoBack ? 0 : history.highestEpoch,
      ),
      peerLines: new PeerLines({
        random,
        moments,
        twice: mix.twice,
        lineOf: (from, to) => this.line(from, to),
        peerOf: (host, asked) => this.#peerOf(host, asked),
      }),
      newClock: () => this.#newClock(),
      nextId: () => ++ids,
      count,
      say,
    };
    this.hosts = (mix.third ? ['a', 'b', 'c'] : ['a', 'b']).map((name) => this.#newHost(name));
    this.takeOvers = new TakeOvers(this.world, (from, to) => this.line(from, to));
  }

  /** One direction between two hosts, or between a host and the store. */
  line(from: string, to: string): Line {
    const key = `${from} ${to}`;
    const known = this.#lines.get(key);
    if (known) return known;
    const { clock, random, mix } = this.world;
    const line = new Line(clock, random, mix);
    this.#lines.set(key, line);
    return line;
  }

  /** What the nodes' servers pass on to each other. */
  #leaf(from: string, to: string): Pick<Line, 'carry'> {
    const line = this.line(from, to);
    if (!this.policies) return line;
    const known = this.#leaves.get(line) ?? new InOrderLeaf(line);
    this.#leaves.set(line, known);
    return known;
  }

  host(name: string): Host | undefined {
    return this.hosts.find((host) => host.name === name);
  }

  /** Nothing that was late or held up is on its way to the store. */
  isQuiet(): boolean {
    return this.world.server.onTheWay === 0;
  }

  mendEverything(): void {
    this.mended = true;
    for (const line of this.#lines.values()) line.mend();
    this.world.server.mend();
    for (const host of this.hosts) host.bus.setAway(false);
  }

  #newHost(name: string): Host {
    const { mix } = this.world;
    const to = this.line(name, 'store');
    const from = this.line('store', name);
    const access = { host: name, to, from, fated: mix.fated, longestMs: mix.longestMs, next: null };
    const bus = new HostBus(
      () => this.#newDeliver(),
      (run) => {
        for (const other of this.hosts)
          if (other.name !== name) this.#leaf(name, other.name).carry(() => run(other.bus));
      },
      this.policies !== null,
    );
    return new Host(this.world, name, access, bus);
  }

  /** Messages of one sender never overtake each other on their way to one receiver. */
  #newDeliver(): Deliver {
    const { mix, clock, random } = this.world;
    if (mix.busMs === 0) return queueMicrotask;
    let lastMs = 0;
    return (run) => {
      const nowMs = clock.monotonicMs();
      lastMs = Math.max(lastMs, nowMs + random.between(0, mix.busMs));
      clock.after(lastMs - nowMs, run);
    };
  }

  #newClock(): HostClock {
    const { clock, random, mix, variant } = this.world;
    const rate = 1 + mix.drift * random.pick([-1, 1, random.between(-1, 1)]);
    return new HostClock(clock, random, {
      rate,
      lateMs: mix.lateTimersMs,
      wallInstead: variant?.clock === 'wall',
    });
  }

  #peerOf(host: string, asked: unknown): string {
    if (this.world.mix.everybodyConnected) return (asked as { standby: string }).standby.replace('id-', '');
    return host === 'a' ? 'b' : 'a';
  }

  #tookOver(takeOver: TakeOver): void {
    const ofNode = (nodeId: string | null) => this.hosts.find(({ disk }) => disk.nodeId === nodeId) ?? null;
    this.takeOvers.happened(takeOver, ofNode(takeOver.from), ofNode(takeOver.to), this.hosts);
  }
}
