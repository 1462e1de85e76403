import { subjects, type ServiceStatus } from '@hotstandby/contracts';
import { step, type LeaseInput, type LeaseState } from '@hotstandby/core/lease';
import { decide as decidePolicy } from '@hotstandby/core/policy';
import type { Logger, Metrics } from '@hotstandby/ports';
import { Arbiter, type ArbiterParts } from '@hotstandby/services/arbiter';
import { Heartbeat } from '@hotstandby/services/heartbeat';
import { quietPolicy } from '../pair/index.ts';
import type { Holder } from './checks/grants.ts';
import { Disk } from './disk.ts';
import { DistantStore, type StoreAccess } from './distant-store.ts';
import { GateHolder } from './gate-holder.ts';
import { HostBus } from './host-bus.ts';
import type { HostClock } from './host-clock.ts';
import { isByPolicy } from './policies/policy-checks.ts';
import { Process } from './process.ts';
import type { World } from './world.ts';

const never = Number.NEGATIVE_INFINITY;
const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const uncounted: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};

const statusEveryMs = 1000;

export const services = ['heartbeat', 'arbiter', 'actor'] as const;
export type ServiceOfHost = (typeof services)[number];

/** One node: its clock, its disk, its bus, and a process each for heartbeat, arbiter and whoever acts as the active. */
export class Host implements Holder {
  readonly name: string;
  readonly disk: Disk;
  readonly access: StoreAccess;
  readonly bus: HostBus;
  clock: HostClock;
  up = false;
  /** Its services were asked to stop. */
  stopping = false;
  /** When each process of the service with a gate was started, as of policies. */
  readonly actorStartedAtMs: number[] = [];
  /** When that service last said that it was well, and that it was not. */
  saidWellAtMs = never;
  /** And when before that, some times. */
  readonly #saidWellBefore: number[] = [];
  saidFailedAtMs = never;
  #sickUntilMs = never;
  #retired = false;
  /** The arbiter's state, as long as it lives. */
  lease: LeaseState | null = null;
  /** Nothing befell any of its processes since then. */
  wellSinceMs = Number.NEGATIVE_INFINITY;
  activeSinceMs = Number.POSITIVE_INFINITY;
  /** Somebody else's promises count since then. */
  voterSinceMs = Number.POSITIVE_INFINITY;
  /**
   * The machine slept: a grant until this time of its clock lasts too long. The arbiter believes it until it reads the
   * clocks, and a gate until it hears of that: what no gate of a host that stood still can know (docs/lease.md, "Clocks").
   */
  readonly #sleptThroughMs = { arbiter: never, gates: never };
  /** Incarnations whose claim is an operator's. */
  readonly forced = new Set<string>();
  /** When a promise of somebody else was last heard. */
  promisedAtMs = Number.NEGATIVE_INFINITY;
  readonly #world: World;
  readonly #processes = new Map<ServiceOfHost, Process>();
  #actor: GateHolder | null = null;
  #arbiter: Arbiter | null = null;
  #heartbeat: Heartbeat | null = null;

  constructor(world: World, name: string, access: StoreAccess, bus: HostBus) {
    this.#world = world;
    this.name = name;
    this.access = access;
    this.bus = bus;
    this.clock = world.newClock();
    this.disk = new Disk(`id-${name}`, world);
    this.disk.onJournal = (transition) => {
      const { from, to, rule, operator, evidence } = transition;
      const why = isByPolicy(transition) ? ` ${JSON.stringify(evidence)}` : operator ? ` by ${operator}` : '';
      world.say(`${name} ${from} -> ${to} (${rule})${world.policies ? why : ''}`);
      world.policyChecks?.journalled(this, transition);
      if (to === 'active') world.moments.is('became-active', name);
      if (to === 'fenced') world.moments.is('fenced', name);
    };
  }

  /** Every process that does not run. The host's clock goes on; a host that was down has booted. */
  start(): void {
    if (this.#retired) return;
    if (!this.up) {
      this.clock = this.#world.newClock();
      Object.assign(this.#sleptThroughMs, { arbiter: never, gates: never });
    }
    this.up = true;
    for (const service of services) if (!this.runs(service)) this.#start(service);
    this.#world.moments.is('started', this.name);
  }

  kill(): void {
    this.up = false;
    for (const service of services) this.killService(service);
  }

  /** Killed, and never started again. */
  retire(): void {
    this.kill();
    this.#retired = true;
  }

  /** Every service is asked to stop at the same moment. */
  async stop(): Promise<void> {
    this.befell();
    this.stopping = true;
    await Promise.all([
      this.#ended('arbiter', this.#arbiter?.stop()),
      this.#ended('heartbeat', this.#heartbeat?.stop()),
    ]);
    this.stopping = false;
    this.kill();
  }

  #ended(service: ServiceOfHost, stopped: Promise<void> | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (!this.runs(service)) return resolve();
      this.#processes.get(service)?.onDeath(resolve);
      void stopped?.then(resolve);
    });
  }

  runs(service: ServiceOfHost): boolean {
    return this.#processes.get(service)?.isDead() === false;
  }

  startService(service: ServiceOfHost): void {
    if (this.up && !this.runs(service)) this.#start(service);
  }

  killService(service: ServiceOfHost): void {
    this.befell();
    this.#processes.get(service)?.die();
    if (service === 'arbiter') this.#forget();
  }

  process(service: ServiceOfHost): Process | null {
    return this.#processes.get(service) ?? null;
  }

  isWell(): boolean {
    return this.up && services.every((service) => this.#processes.get(service)?.isWell());
  }

  /** Something happened to its processes just now. */
  befell(forMs = 0): void {
    this.wellSinceMs = Math.max(this.wellSinceMs, this.#world.clock.monotonicMs() + forMs);
  }

  /** Its service says for so long that it cannot do its job. */
  fallSick(forMs: number): void {
    this.#sickUntilMs = Math.max(this.#sickUntilMs, this.#world.clock.monotonicMs() + forMs);
  }

  recover(): void {
    this.#sickUntilMs = never;
  }

  #isSick(): boolean {
    return this.#world.clock.monotonicMs() < this.#sickUntilMs;
  }

  isServiceWell(): boolean {
    return this.up && !this.#isSick() && this.#processes.get('actor')?.isWell() === true;
  }

  holding(): number | null {
    const arbiter = this.#heldByArbiter();
    if (arbiter && arbiter.deadlineMs > this.#sleptThroughMs.arbiter) return arbiter.epoch;
    const gate = this.#heldByGate();
    return gate && !this.#sleptThrough(gate.deadlineMs) ? gate.epoch : null;
  }

  /** Something of it may believe in a grant, even one that lasts too long. */
  mayHold(): boolean {
    return this.#heldByArbiter() !== null || this.#heldByGate() !== null;
  }

  #heldByArbiter(): LeaseState['grant'] {
    const arbiter = this.#processes.get('arbiter');
    if (!arbiter || arbiter.isDead() || this.lease?.role !== 'active') return null;
    const { grant } = this.lease;
    return grant && this.clock.at(this.clock.trueMs()) < grant.deadlineMs ? grant : null;
  }

  #heldByGate(): LeaseState['grant'] {
    const actor = this.#processes.get('actor');
    if (!actor || actor.isDead()) return null;
    return actor.lookedAt(() => this.#actor?.mayAct() ?? null);
  }

  #sleptThrough(deadlineMs: number): boolean {
    return deadlineMs <= this.#sleptThroughMs.gates;
  }

  /** The machine is suspended, with all that runs on it. False: it is down, or asleep already. */
  suspend(forMs: number): boolean {
    if (!this.up || !this.clock.sleep(forMs)) return false;
    this.befell(forMs);
    // No grant of before can end later.
    const latestMs = this.clock.at(this.clock.trueMs()) + this.#world.timing.leaseTtlMs;
    Object.assign(this.#sleptThroughMs, { arbiter: latestMs, gates: latestMs });
    for (const service of services) this.#processes.get(service)?.freeze(forMs);
    return true;
  }

  /** Before its time; `then` when it is awake, at once when it did not sleep. */
  wake(then: (process: Process) => void): void {
    const each = () => services.forEach((service) => this.#with(service, then));
    const leftMs = this.clock.wake();
    if (leftMs > 0) this.#world.clock.after(leftMs, each);
    else each();
  }

  #with(service: ServiceOfHost, run: (process: Process) => void): void {
    const process = this.#processes.get(service);
    if (process) run(process);
  }

  request(subject: (place: { cluster: string; node: string }) => string, payload: unknown): void {
    const outsider = new Process('operator', this.clock);
    this.bus
      .end(outsider)
      .request(subject({ cluster: 'c', node: this.name }), payload, 1000)
      .catch(() => {});
  }

  #start(service: ServiceOfHost): void {
    this.befell();
    const process = new Process(service, this.clock);
    const asleepForMs = this.clock.asleepForMs();
    if (asleepForMs > 0) process.freeze(asleepForMs);
    this.#processes.set(service, process);
    process.onWoken = () => this.#world.moments.is('woken', this.name);
    if (service === 'heartbeat') this.#startHeartbeat(process);
    else if (service === 'arbiter') this.#startArbiter(process);
    else this.#startActor(process);
  }

  #parts(process: Process) {
    const { nextId, timing } = this.#world;
    return {
      bus: this.bus.end(process),
      clock: process,
      ids: { uuid: () => `${this.name}-${nextId()}` },
      log: quiet,
      metrics: uncounted,
      emit: async () => {},
      place: { cluster: 'c', node: this.name },
      peer: { cluster: 'c', node: this.name === 'a' ? 'b' : 'a' },
      timing,
    };
  }

  #startHeartbeat(process: Process): void {
    const { server, peerLines, timing } = this.#world;
    const parts = this.#parts(process);
    const store = new DistantStore(server, this.access, process, this.#world, timing.statementTimeoutMs).statements();
    this.#heartbeat = new Heartbeat({ ...parts, store, link: peerLines.endOf(this.name, process) });
    void this.#heartbeat.start();
  }

  #startArbiter(process: Process): void {
    const { variant, policies, history } = this.#world;
    const decide = variant?.decide ?? step;
    this.#forget();
    this.#arbiter = new Arbiter({
      ...this.#parts(process),
      memory: this.disk.of(process),
      history: policies ? history.of(process, this.access) : { append: async () => {}, list: async () => [] },
      decidePolicy: (...asked) => {
        const decided = (variant?.decidePolicy ?? decidePolicy)(...asked);
        const { decision } = decided;
        if (decision.do === 'hand-over' && !process.isDead()) this.#world.policyChecks?.decided(this, decision.rule);
        return decided;
      },
      decide: (state: LeaseState, input: LeaseInput) => {
        const stepped = decide(state, input);
        if (!process.isDead()) this.#decided(state, stepped.state);
        if (input.kind === 'promised') this.promisedAtMs = this.#world.clock.monotonicMs();
        return stepped;
      },
      kind: this.name === 'a' ? 'primary' : 'secondary',
      policy: policies?.policy ?? quietPolicy,
      profile: 'fast',
      facts: { hostAddress: this.name, consolePort: 8080, natsPort: 4222, version: '0', timeZone: 'UTC' },
    });
    void this.#arbiter.start();
  }

  #startActor(process: Process): void {
    const { grants, variant, timing } = this.#world;
    const parts = this.#parts(process);
    this.#actor = new GateHolder({
      ...this.#world,
      ...parts,
      host: this.name,
      process,
      access: this.access,
      heard: ({ epoch, deadlineMs }) => {
        // Said after the machine woke: one that was on its way before says nothing of it, nor does what comes behind it.
        const sleptAtMs = this.#sleptThroughMs.gates - timing.leaseTtlMs;
        if (epoch === null && deadlineMs >= sleptAtMs && this.clock.asleepForMs() === 0)
          this.#sleptThroughMs.gates = never;
        grants.looked(this);
      },
      askOnce: variant?.gate === 'asked-once',
      unasked: variant?.gate === 'unasked',
      sleptThrough: (deadlineMs) => this.#sleptThrough(deadlineMs),
    });
    this.#actor.start();
    if (this.#world.policies) this.#sayHealth(process, parts);
  }

  /** As the platform does it: at the start, and every second. */
  #sayHealth(process: Process, { bus, place, ids }: Pick<ArbiterParts, 'bus' | 'place' | 'ids'>): void {
    const instance = ids.uuid();
    this.actorStartedAtMs.push(this.#world.clock.monotonicMs());
    const say = () => {
      const health = this.#isSick() ? 'failed' : 'ok';
      const said = {
        service: 'collector',
        instance,
        saidAtMs: process.monotonicMs(),
        pid: 1,
        health,
        summary: health,
        httpPort: null,
        detail: {},
      } as const;
      bus.publish(subjects.status(place, 'collector'), said satisfies ServiceStatus);
      if (health === 'ok') this.#saidWell(this.#world.clock.monotonicMs());
      else this.saidFailedAtMs = this.#world.clock.monotonicMs();
    };
    say();
    process.every(statusEveryMs, say);
  }

  #saidWell(nowMs: number): void {
    this.#saidWellBefore.push(this.saidWellAtMs);
    this.#saidWellBefore.splice(0, this.#saidWellBefore.length - 8);
    this.saidWellAtMs = nowMs;
  }

  /** When that service last said before then that it was well. */
  saidWellBefore(trueMs: number): number {
    return [...this.#saidWellBefore, this.saidWellAtMs].findLast((atMs) => atMs < trueMs) ?? never;
  }

  #decided(before: LeaseState, after: LeaseState): void {
    this.lease = after;
    if (this.clock.asleepForMs() === 0) this.#sleptThroughMs.arbiter = never;
    const nowMs = this.#world.clock.monotonicMs();
    if (after.claiming?.rule === 'claim-forced') this.forced.add(after.self.incarnation);
    else if (after.claiming) this.forced.delete(after.self.incarnation);
    if (after.grant && after.role === 'active') this.#world.policyChecks?.active(this, after.grant.epoch);
    if (after.role !== 'active') this.activeSinceMs = Number.POSITIVE_INFINITY;
    else if (before.role !== 'active') this.activeSinceMs = nowMs;
    const standby = after.view?.reign.standbyIncarnation ?? null;
    const counts = standby !== null && !after.membershipUnknown && after.pending !== 'register';
    if (!counts || before.view?.reign.standbyIncarnation !== standby) this.voterSinceMs = Number.POSITIVE_INFINITY;
    if (counts && this.voterSinceMs === Number.POSITIVE_INFINITY) this.voterSinceMs = nowMs;
    this.#world.grants.decided(this, before, after);
  }

  #forget(): void {
    this.lease = null;
    this.activeSinceMs = Number.POSITIVE_INFINITY;
    this.voterSinceMs = Number.POSITIVE_INFINITY;
  }
}
