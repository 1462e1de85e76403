import { Arbiter } from '@hotstandby/services/arbiter';
import { Heartbeat } from '@hotstandby/services/heartbeat';
import { RoleWatch } from '@hotstandby/services/role-watch';
import type { ArbiterDescription, ServiceName, ServiceStatus } from '@hotstandby/contracts';
import { subjects } from '@hotstandby/contracts';
import type { Policy } from '@hotstandby/core/policy';
import type { LeaseTiming, step } from '@hotstandby/core/lease';
import type {
  Bus,
  Clock,
  History,
  LeaseStore,
  Logger,
  Metrics,
  NodeMemory,
  PeerLink,
  Reign,
  Transition,
} from '@hotstandby/ports';
import { LocalBus } from '../local-bus/index.ts';
import { LocalLine } from './local-link.ts';
import { ManualClock, settle } from '../manual-clock/index.ts';
import { MemoryLeaseStore, MemoryTables } from '../memory-lease-store/index.ts';

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const uncounted: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};

export const fastTiming: LeaseTiming & { statementTimeoutMs: number } = {
  beatMs: 40,
  leaseTtlMs: 150,
  takeoverWaitMs: (150 * 1.01) / 0.99 + 5,
  fenceLeadMs: 15,
  statementTimeoutMs: 120,
};

/** Nothing moves by itself but what the lease itself does. */
export const quietPolicy: Policy = {
  enabled: true,
  failback: 'manual',
  failbackAfterMs: 5000,
  criticalServices: [],
  atOnce: [],
  handOverAfterMs: 10_000,
  minimumReignMs: 60_000,
  localRestarts: 2,
  restartWindowMs: 60_000,
};

/** What a node keeps when its processes die. */
class MemoryOnDisk implements NodeMemory {
  readonly transitions: Transition[] = [];
  /** Called with each transition, for a trace. */
  onJournal: (transition: Transition) => void = () => {};
  readonly #nodeId: string;
  #epoch = 0;
  #reign: Reign | null = null;
  #storeId: string | null = null;
  #sent = new Set<string>();

  constructor(nodeId: string) {
    this.#nodeId = nodeId;
  }
  nodeId(): string {
    return this.#nodeId;
  }
  highestEpoch(): number {
    return this.#epoch;
  }
  rememberEpoch(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }
  rememberedReign(): Reign | null {
    return this.#reign;
  }
  rememberReign(reign: Reign): void {
    this.#reign = reign;
  }
  storeId(): string | null {
    return this.#storeId;
  }
  bindStore(storeId: string): void {
    this.#storeId = storeId;
  }
  journal(transition: Transition): void {
    this.transitions.push(transition);
    this.onJournal(transition);
  }
  unsent(limit: number): Transition[] {
    return this.transitions.filter(({ id }) => !this.#sent.has(id)).slice(0, limit);
  }
  markSent(ids: string[]): void {
    for (const id of ids) this.#sent.add(id);
  }
  close(): void {}
}

export type Decide = typeof step;

/** The clock, the store and the peer as one incarnation sees them. */
export interface TestHost {
  clock: Clock;
  store: LeaseStore;
  link: PeerLink;
  /** Bus and clock of one process, where processes end one by one; the node's own when not given. */
  viewOf?: (process: 'arbiter' | 'heartbeat', node: { bus: Bus; clock: Clock }) => { bus: Bus; clock: Clock };
}

/** One node: the real arbiter, heartbeat and gate on one bus, with its own line to the shared store. */
export class TestNode {
  readonly name: string;
  readonly memory: MemoryOnDisk;
  readonly store: MemoryLeaseStore;
  readonly told: { type: string; data: unknown }[] = [];
  /** Called with each event, for a trace. */
  onTold: (type: string, data: unknown) => void = () => {};
  /** Of the next start. */
  policy = quietPolicy;
  bus = new LocalBus(0);
  watch: RoleWatch | null = null;
  #arbiter: Arbiter | null = null;
  #heartbeat: Heartbeat | null = null;
  #host: TestHost | null = null;
  readonly #pair: TestPair;

  constructor(pair: TestPair, name: string) {
    this.#pair = pair;
    this.name = name;
    this.memory = new MemoryOnDisk(`id-${name}`);
    this.store = new MemoryLeaseStore(pair.tables, pair.clock);
  }

  /** `host`: the clock and the store that this incarnation sees; the pair's own when not given. */
  async start(
    host: TestHost = { clock: this.#pair.clock, store: this.store, link: this.#pair.line.endOf(this.name) },
  ): Promise<void> {
    this.#host = host;
    this.bus = this.#pair.newBus(this.name);
    this.watch = new RoleWatch({ ...this.#parts(), bus: this.bus, clock: host.clock });
    this.watch.start();
    await this.startHeartbeat();
    await this.startArbiter();
  }

  /** A new heartbeat beside the arbiter that there is. */
  async startHeartbeat(): Promise<void> {
    if (!this.#host) return;
    const { store, link } = this.#host;
    this.#heartbeat = new Heartbeat({ ...this.#parts(), ...this.#viewOf('heartbeat'), store, link });
    await this.#heartbeat.start();
  }

  /** A new arbiter, and so a new incarnation, beside the heartbeat that there is. */
  async startArbiter(): Promise<void> {
    this.#arbiter = new Arbiter({
      ...this.#parts(),
      ...this.#viewOf('arbiter'),
      memory: this.memory,
      history: this.#pair.history,
      ...(this.#pair.decide ? { decide: this.#pair.decide } : {}),
      kind: this.name === 'a' ? 'primary' : 'secondary',
      profile: 'fast',
      policy: this.policy,
      facts: { hostAddress: this.name, consolePort: 8080, natsPort: 4222, version: '0', timeZone: 'UTC' },
    });
    await this.#arbiter.start();
  }

  #parts() {
    const place = { cluster: 'c', node: this.name };
    const peer = { cluster: 'c', node: this.name === 'a' ? 'b' : 'a' };
    const ids = { uuid: () => `${this.name}-${this.#pair.nextId()}` };
    const emit = async (type: string, data: unknown) => {
      this.told.push({ type, data });
      this.onTold(type, data);
    };
    return { ids, log: quiet, metrics: uncounted, emit, place, peer, timing: fastTiming };
  }

  #viewOf(process: 'arbiter' | 'heartbeat'): { bus: Bus; clock: Clock } {
    const node = { bus: this.bus, clock: this.#host?.clock ?? this.#pair.clock };
    return this.#host?.viewOf?.(process, node) ?? node;
  }

  /** Every process gone at once: nothing of it is heard or does anything any more. */
  kill(): void {
    this.bus.setConnected(false);
    this.#pair.dropBus(this.name);
    void this.#heartbeat?.halt();
    this.watch?.stop();
    this.#arbiter = null;
    this.#heartbeat = null;
  }

  /** As a host going down does it: every service is asked to stop at the same moment. */
  async stop(): Promise<void> {
    const stopped = Promise.all([this.#heartbeat?.stop(), this.#arbiter?.stop()]).then(() => true);
    const passed = async () => {
      await this.#pair.clock.advance(1);
      return false;
    };
    while (!(await Promise.race([stopped, passed()])));
    this.watch?.stop();
  }

  async describe(): Promise<ArbiterDescription> {
    return (await this.bus.request(
      subjects.describe({ cluster: 'c', node: this.name }),
      {},
      100,
    )) as ArbiterDescription;
  }

  /** `active 1`, `standby`, ...: what a gate and the arbiter say. */
  async role(): Promise<string> {
    const { role } = await this.describe();
    const grant = this.watch?.open();
    return grant ? `${role} ${grant.epoch}` : role;
  }

  /** A service of this node says how it is, as it would every second. */
  says(
    service: ServiceName,
    health: ServiceStatus['health'],
    instance = '1',
    detail: Record<string, unknown> = {},
  ): void {
    const saidAtMs = this.#pair.clock.monotonicMs();
    const summary = `${service} ${health}`;
    const status = { service, instance, saidAtMs, pid: 1, health, summary, httpPort: null, detail };
    this.bus.publish(subjects.status({ cluster: 'c', node: this.name }, service), status satisfies ServiceStatus);
  }

  /** Asks this node's arbiter, as the command line does. */
  async ask<Answer>(what: 'switchover' | 'failback' | 'pause' | 'resume' | 'takeover', request = {}): Promise<Answer> {
    const subject = subjects[what]({ cluster: 'c', node: this.name });
    const answer = this.bus.request(subject, { operator: 'eve', ...request }, 60_000);
    const waiting = { done: false };
    void answer.catch(() => {}).finally(() => (waiting.done = true));
    for (let ms = 0; ms < 10_000 && !waiting.done; ms += 10) await this.#pair.run(10);
    return (await answer) as Answer;
  }

  rules(): string[] {
    return this.memory.transitions.map(({ rule }) => rule);
  }
}

/** Two nodes (and more, when a test adds them) and one store under one clock. */
export class TestPair {
  readonly clock = new ManualClock();
  readonly tables = new MemoryTables();
  /** Other rules than the lease's own: known-bad ones. */
  decide: Decide | null = null;
  /** Cut: what the heartbeats say to each other gets lost. */
  lineCut = false;
  readonly line = new LocalLine((_from, deliver) => void this.clock.after(0.5, () => this.lineCut || deliver()));
  readonly kept: Transition[] = [];
  readonly history: History = {
    append: async (transitions) => void this.kept.push(...transitions),
    list: async (limit) => this.kept.toReversed().slice(0, limit),
  };
  #ids = 0;
  #buses = new Map<string, LocalBus>();

  node(name: string): TestNode {
    return new TestNode(this, name);
  }

  nextId(): number {
    return ++this.#ids;
  }

  newBus(name: string): LocalBus {
    const bus = new LocalBus(0);
    this.#buses.set(name, bus);
    // The leaf: what one node publishes for its peer is heard there too.
    for (const what of ['arbiter.released', '*.status']) {
      bus.subscribe(`hs.c.*.${what}`, (payload, subject) => {
        for (const [other, peer] of this.#buses)
          if (other !== name && subject.startsWith(`hs.c.${name}.`)) peer.publish(subject, payload);
      });
    }
    return bus;
  }

  dropBus(name: string): void {
    this.#buses.delete(name);
  }

  async run(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await settle();
  }
}
