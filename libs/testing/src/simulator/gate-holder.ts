import { subjects, type Grant, type Place, type PrepareReply, type PrepareRequest } from '@hotstandby/contracts';
import type { Bus, Logger } from '@hotstandby/ports';
import { Listener, RoleWatch } from '@hotstandby/services/role-watch';
import type { GrantChecks } from './checks/grants.ts';
import type { Violations } from './checks/violations.ts';
import type { StoreAccess } from './distant-store.ts';
import type { GuardedTables } from './guarded-tables.ts';
import type { Moments } from './moments.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { StoreServer } from './store-server.ts';

type Held = Grant & { epoch: number };

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const actEveryMs = 25;
const longestEffectMs = 8;
const drainMs = 80;
const writeTimeoutMs = 120;
/** As short as may be, so that some registrations end within a schedule. */
const listener = { name: 'actor', order: 500, deadlineMs: 2 * drainMs };
const registeredForMs = 1000;

export interface GateHolderParts {
  host: string;
  process: Process;
  bus: Bus;
  place: Place;
  access: StoreAccess;
  server: StoreServer;
  guarded: GuardedTables;
  moments: Moments;
  random: Random;
  /** How much longer the lease is than 150 ms. */
  scale: number;
  violations: Violations;
  grants: GrantChecks;
  /** Epochs that a hand-over ended before their grants had. */
  handedOver: ReadonlySet<number>;
  /** The gate heard of a grant. */
  heard: (grant: Grant) => void;
  /** The machine slept through the end of a grant until then, and its clock did not notice. */
  sleptThrough: (deadlineMs: number) => boolean;
  /** Known-bad: the gate is asked once for several effects. */
  askOnce: boolean;
  /** Known-bad: the gate opens although the arbiter does not know this service. */
  unasked: boolean;
}

/**
 * A service that does what only the active may, in a process of its own: effects that others see a few milliseconds
 * later, and transactions in the store. It asks its gate before each, and takes part in hand-overs as a listener.
 */
export class GateHolder {
  readonly #parts: GateHolderParts;
  readonly #listener: Listener;
  readonly #watch: RoleWatch;
  #stoppedUnder: number | null = null;
  #busy = false;
  #inFlight = 0;
  #drained: () => void = () => {};

  constructor(parts: GateHolderParts) {
    this.#parts = parts;
    const own = { ...parts, clock: parts.process, log: quiet };
    const ttlMs = registeredForMs * Math.max(1, parts.scale);
    this.#listener = new Listener(own, { ...listener, ttlMs }, (asked) => this.#prepare(asked));
    this.#watch = new RoleWatch(own, {}, parts.unasked ? null : this.#listener);
  }

  start(): void {
    const { bus, process, place, heard, scale } = this.#parts;
    this.#watch.start();
    bus.subscribe(subjects.grant(place), (payload) => {
      const grant = payload as Grant;
      this.#listener.heard(grant.incarnation);
      heard(grant);
    });
    process.every(actEveryMs * scale, () => void this.#act());
    this.#listener.start();
  }

  /** What lets it act right now. */
  mayAct(): Held | null {
    const grant = this.#watch.open();
    return grant && grant.epoch !== this.#stoppedUnder ? grant : null;
  }

  async #prepare(asked: PrepareRequest): Promise<PrepareReply> {
    if (asked.phase === 'post') {
      if (asked.to === 'active') this.#stoppedUnder = null;
      return { done: true };
    }
    if (asked.from !== 'active') return { done: true };
    this.#parts.moments.is('preparing', this.#parts.host);
    this.#stoppedUnder = asked.epoch;
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        this.#parts.process.after(drainMs, resolve);
      });
    }
    return { done: this.#inFlight === 0 };
  }

  /** A few effects and a transaction, one after the other. */
  async #act(): Promise<void> {
    const { random, askOnce } = this.#parts;
    if (this.#busy || !this.mayAct()) return;
    this.#busy = true;
    const first = this.mayAct();
    for (let left = random.pick([0, 1, 1, 3]); left > 0; left--) {
      const held = askOnce ? first : this.mayAct();
      if (!held) break;
      await this.#effect(held);
    }
    const held = askOnce ? first : this.mayAct();
    if (held && random.chance(0.5)) await this.#write(held);
    this.#busy = false;
  }

  #begin(): () => void {
    let ended = false;
    this.#inFlight += 1;
    return () => {
      if (ended) return;
      ended = true;
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#drained();
    };
  }

  #effect({ epoch, deadlineMs }: Held): Promise<void> {
    const { host, process, server, random, violations, grants, handedOver, moments, sleptThrough } = this.#parts;
    if (process.monotonicMs() >= grants.deadlineMs(host, epoch))
      violations.violate(3, `${host} began a side effect under epoch ${epoch} after its grant`);
    if (grants.isPast(host, epoch) && !sleptThrough(deadlineMs))
      violations.violate(3, `${host} began a side effect under epoch ${epoch} in epoch ${grants.highestEpoch}`);
    const end = this.#begin();
    const begunMs = server.nowMs();
    return new Promise((resolve) => {
      process.output(() => {
        moments.is('effect', host);
        // Frozen between the question and the deed: what a gate alone cannot fence (lease.md, "Fence").
        const frozenBetween = server.nowMs() > begunMs;
        server.after(random.between(0.2, longestEffectMs), () => {
          if (!frozenBetween && handedOver.has(epoch))
            violations.violate(3, `a side effect of ${host} under epoch ${epoch} came after its hand-over`);
          process.input(() => {
            end();
            resolve();
          });
        });
      });
    });
  }

  /** Rows copied in, then one message with the check and the commit. Nothing is retried. */
  #write(held: Held): Promise<void> {
    const { host, process, access, server, guarded, moments } = this.#parts;
    const end = this.#begin();
    return new Promise((resolve) => {
      const done = () => {
        end();
        resolve();
      };
      const connectedTo = server.incarnation();
      const atServer = (run: () => void) =>
        process.output(() =>
          access.to.carry(() =>
            server.carryOut(() => {
              if (server.incarnation() === connectedTo) run();
            }),
          ),
        );
      process.after(writeTimeoutMs, done);
      moments.is('write-begun', host);
      atServer(() => {
        if (!guarded.copy(held)) return;
        access.from.carry(() =>
          process.input(() =>
            atServer(() => {
              guarded.commit(host, held);
              access.from.carry(() => process.input(done));
            }),
          ),
        );
      });
    });
  }
}
