import {
  errorCodes,
  order as orderSchema,
  parse,
  permit as permitSchema,
  subjects,
  type Emit,
  type Observation,
  type OrderResult,
  type Permit,
  type Place,
} from '@hotstandby/contracts';
import { StoreError } from '@hotstandby/ports';
import type {
  Bus,
  Cancel,
  Clock,
  Ids,
  LeaseStore,
  Logger,
  Metrics,
  PeerLink,
  Service,
  ServiceReport,
  Unsubscribe,
} from '@hotstandby/ports';
import { carryOut } from './carry-out.ts';
import { Promises } from './promises.ts';
import { StoreQueue } from './store-queue.ts';

export interface HeartbeatParts {
  bus: Bus;
  clock: Clock;
  ids: Ids;
  log: Logger;
  metrics: Metrics;
  emit: Emit;
  place: Place;
  store: LeaseStore;
  link: PeerLink;
  timing: { beatMs: number; leaseTtlMs: number };
}

/** An arbiter that is being stopped, too, has let go by then (it gives its listeners 2 s). */
const stopPatienceMs = 2500;

/**
 * Times, sends and observes: beats while the arbiter's permit is fresh, looks otherwise, carries out the arbiter's
 * orders one by one, and publishes what every answer showed. It decides nothing. All statements leave in one order.
 */
export class Heartbeat implements Service {
  readonly #parts: HeartbeatParts;
  readonly #queue = new StoreQueue();
  readonly #promises: Promises;
  readonly #observationSubject: string;
  readonly #latency;
  readonly #failures;
  #permit: Permit | null = null;
  #count = 0;
  #storeId: string | null = null;
  #connection = '';
  #missed = 0;
  #lastFailure = '';
  #lastRoundTripMs: number | null = null;
  #looking = false;
  #again = false;
  /** Whose row is this node's. */
  #entered: string | null = null;
  #stops: (Unsubscribe | Cancel)[] = [];

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#promises = new Promises(parts);
    this.#observationSubject = subjects.observation(parts.place);
    this.#latency = parts.metrics.histogram(
      'hotstandby_store_round_trip_seconds',
      'From sending a beat or look to its answer.',
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    );
    this.#failures = parts.metrics.counter('hotstandby_store_failures_total', 'Beats and looks without an answer.', [
      'fault',
    ]);
  }

  async start(): Promise<void> {
    const { bus, clock, place, timing } = this.#parts;
    this.#renewConnection();
    this.#promises.open();
    this.#stops.push(
      bus.subscribe(subjects.permit(place), (payload) => this.#takePermit(payload)),
      bus.respond(subjects.execute(place), (payload) => this.#execute(payload)),
      clock.every(timing.beatMs, () => this.#beatTime()),
    );
    this.#turn();
  }

  /**
   * A reign that is being handed over needs its voice to the last: when all services are stopped at once, the arbiter's
   * release still goes through here. So an active's heartbeat stays until the arbiter has let go or fallen silent.
   */
  async stop(): Promise<void> {
    await this.#untilReleased();
    await this.halt();
  }

  /** At once, whoever still needs it. */
  async halt(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    await this.#parts.link.close();
    await this.#parts.store.close();
  }

  #untilReleased(): Promise<void> {
    const { clock, timing } = this.#parts;
    const latestMs = clock.monotonicMs() + stopPatienceMs;
    return new Promise((resolve) => {
      const look = () => {
        const reigns = (this.#freshPermit()?.epoch ?? null) !== null;
        if (reigns && clock.monotonicMs() < latestMs) clock.after(Math.min(5, timing.beatMs), look);
        else resolve();
      };
      look();
    });
  }

  report(): ServiceReport {
    const detail = {
      missed: this.#missed,
      roundTripMs: this.#lastRoundTripMs,
      count: this.#count,
      peerLink: this.#parts.link.connected(),
      epoch: this.#permit?.epoch ?? null,
    };
    if (this.#missed === 0)
      return { health: 'ok', summary: this.#permit ? 'beating' : 'looking, no permit yet', detail };
    return {
      health: 'degraded',
      summary: `${this.#missed} beats failed in a row: ${this.#lastFailure}`,
      detail,
    };
  }

  /** Both voters are asked at once; neither waits for the other. */
  #beatTime(): void {
    const permit = this.#freshPermit();
    if (permit) this.#promises.ask(permit);
    this.#turn();
  }

  #freshPermit(): Permit | null {
    return this.#permit && this.#parts.clock.monotonicMs() < this.#permit.untilMs ? this.#permit : null;
  }

  #takePermit(payload: unknown): void {
    try {
      const before = this.#permit;
      this.#permit = parse(permitSchema, payload, 'a permit');
      // A new reign's first beat does not wait for the next tick.
      if (before?.epoch !== this.#permit.epoch || before.incarnation !== this.#permit.incarnation) this.#turn();
    } catch (error) {
      this.#parts.log.error('a permit was not understood and is ignored', { error: String(error) });
    }
  }

  async #execute(payload: unknown): Promise<OrderResult> {
    const { clock, store } = this.#parts;
    const order = parse(orderSchema, payload, 'an order');
    return this.#queue.run(async () => {
      if (clock.monotonicMs() >= order.deadlineMs) {
        const nowMs = clock.monotonicMs();
        return {
          outcome: 'not-sent',
          sentAtMs: nowMs,
          receivedAtMs: nowMs,
          reign: null,
          message: 'the order came too late',
        };
      }
      const result = await carryOut(order, store, clock);
      // A claim writes the counter, too; the first beat under it must be above that.
      if (order.do === 'claim') this.#count += 1;
      if (order.do === 'enter') this.#entered = order.row.nodeId;
      if (result.outcome === 'unknown' || result.outcome === 'not-sent') this.#renewConnection();
      // What the order changed shows at once, not at the next tick.
      this.#again = true;
      this.#turn();
      return result;
    });
  }

  /** One beat or look; while one is under way another is not begun, but it may be asked for. */
  #turn(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#again = false;
    void this.#queue
      .run(() => this.#observe())
      .then((observation) => this.#parts.bus.publish(this.#observationSubject, observation))
      .finally(() => {
        this.#looking = false;
        if (this.#again && this.#stops.length > 0) this.#turn();
      });
  }

  async #observe(): Promise<Observation> {
    const { clock, store } = this.#parts;
    const sentAtMs = clock.monotonicMs();
    try {
      if (this.#storeId === null) this.#storeId = (await store.prepare()).storeId;
      const beat = await this.#beatOrLook();
      const receivedAtMs = clock.monotonicMs();
      this.#answered(receivedAtMs - sentAtMs);
      return { kind: 'seen', sentAtMs, receivedAtMs, connection: this.#connection, storeId: this.#storeId, ...beat };
    } catch (error) {
      const failure = error instanceof StoreError ? error : new StoreError('unreachable', messageOf(error));
      const { fault, message } = failure;
      this.#failed(failure);
      return { kind: 'failed', sentAtMs, receivedAtMs: clock.monotonicMs(), fault, message: message.slice(0, 500) };
    }
  }

  async #beatOrLook(): Promise<Pick<Extract<Observation, { kind: 'seen' }>, 'beat' | 'view'>> {
    const { store } = this.#parts;
    const permit = this.#freshPermit();
    if (!permit) {
      const view = await store.look();
      // So that the first beat is none that changes nothing.
      const lastCount = view.nodes.find(({ nodeId }) => nodeId === this.#entered)?.lastCount ?? 0;
      this.#count = Math.max(this.#count, lastCount);
      return { beat: null, view };
    }

    const { nodeId, incarnation, serverRole, timeline, remembers } = permit;
    const epoch = timeline === null ? null : permit.epoch;
    // Always upwards, whatever another process wrote before: a beat that changes nothing is no sign of life.
    this.#count += 1;
    const count = this.#count;
    const result = await store.beat({ nodeId, incarnation, epoch, count, serverRole, timeline, remembers });
    this.#count = Math.max(this.#count, result.lastCount);
    return { beat: { outcome: result.outcome, incarnation, epoch, count }, view: result.view };
  }

  #answered(roundTripMs: number): void {
    this.#latency.observe(roundTripMs / 1000);
    this.#lastRoundTripMs = Math.round(roundTripMs * 100) / 100;
    if (this.#missed > 0) this.#parts.log.info('the store answers again', { missed: this.#missed });
    this.#missed = 0;
  }

  /** A failed statement makes a new connection, and every wait begins anew with it. */
  #failed({ fault, code, message }: StoreError): void {
    this.#renewConnection();
    this.#missed += 1;
    this.#lastFailure = `${code} ${message}`;
    this.#failures.add(1, { fault });
    // Told at the first, second, fourth, eighth ... time: an outage of hours is not a flood.
    if (Number.isInteger(Math.log2(this.#missed))) {
      const [what, cure] = errorCodes[code];
      this.#parts.log.warn(what, { code, cure, fault, error: message, consecutive: this.#missed });
      void this.#parts.emit('beat.missed', { consecutive: this.#missed, fault, message: message.slice(0, 500) });
    }
  }

  #renewConnection(): void {
    this.#connection = this.#parts.ids.uuid();
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
