import { step, type LeaseInput, type LeaseState } from '@hotstandby/core/lease';
import type { Logger, Metrics } from '@hotstandby/ports';
import { Arbiter } from '@hotstandby/services/arbiter';
import { Heartbeat } from '@hotstandby/services/heartbeat';
import { quietPolicy } from '../pair/index.ts';
import type { Holder } from './checks/grants.ts';
import { Disk } from './disk.ts';
import { DistantStore, type StoreAccess } from './distant-store.ts';
import { GateHolder } from './gate-holder.ts';
import { HostBus } from './host-bus.ts';
import type { HostClock } from './host-clock.ts';
import { Process } from './process.ts';
import type { World } from './world.ts';

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const uncounted: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};

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
  #retired = false;
  /** The arbiter's state, as long as it lives. */
  lease: LeaseState | null = null;
  /** Nothing befell any of its processes since then. */
  wellSinceMs = Number.NEGATIVE_INFINITY;
  activeSinceMs = Number.POSITIVE_INFINITY;
  /** Somebody else's promises count since then. */
  voterSinceMs = Number.POSITIVE_INFINITY;
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
    this.disk = new Disk(`id-${name}`);
    this.disk.onJournal = ({ from, to, rule }) => {
      world.say(`${name} ${from} -> ${to} (${rule})`);
      if (to === 'active') world.moments.is('became-active', name);
      if (to === 'fenced') world.moments.is('fenced', name);
    };
  }

  /** Every process that does not run. The host's clock goes on; a host that was down has booted. */
  start(): void {
    if (this.#retired) return;
    if (!this.up) this.clock = this.#world.newClock();
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

  holding(): number | null {
    const arbiter = this.#processes.get('arbiter');
    if (arbiter && !arbiter.isDead() && this.lease?.role === 'active' && this.lease.grant) {
      const { epoch, deadlineMs } = this.lease.grant;
      if (this.clock.at(this.clock.trueMs()) < deadlineMs) return epoch;
    }
    const actor = this.#processes.get('actor');
    if (!actor || actor.isDead()) return null;
    return actor.lookedAt(() => this.#actor?.mayAct()?.epoch ?? null);
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
    const { variant } = this.#world;
    const decide = variant?.decide ?? step;
    this.#forget();
    this.#arbiter = new Arbiter({
      ...this.#parts(process),
      memory: this.disk.of(process),
      history: { append: async () => {}, list: async () => [] },
      decide: (state: LeaseState, input: LeaseInput) => {
        const stepped = decide(state, input);
        if (!process.isDead()) this.#decided(state, stepped.state);
        if (input.kind === 'promised') this.promisedAtMs = this.#world.clock.monotonicMs();
        return stepped;
      },
      kind: this.name === 'a' ? 'primary' : 'secondary',
      policy: quietPolicy,
      profile: 'fast',
      facts: { hostAddress: this.name, consolePort: 8080, natsPort: 4222, version: '0', timeZone: 'UTC' },
    });
    void this.#arbiter.start();
  }

  #startActor(process: Process): void {
    const { grants, variant } = this.#world;
    const parts = this.#parts(process);
    this.#actor = new GateHolder({
      ...this.#world,
      ...parts,
      host: this.name,
      process,
      access: this.access,
      heard: () => grants.looked(this),
      askOnce: variant?.gate === 'asked-once',
      unasked: variant?.gate === 'unasked',
    });
    this.#actor.start();
  }

  #decided(before: LeaseState, after: LeaseState): void {
    this.lease = after;
    const nowMs = this.#world.clock.monotonicMs();
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
