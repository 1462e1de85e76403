import { subjects, workload, type Emit, type Place, type ServiceStatus } from '@hotstandby/contracts';
import {
  afterLook,
  unknownCheck,
  verdictOf,
  type CheckState,
  type Patience,
  type Verdict,
} from '@hotstandby/core/workload';
import type { Bus, Cancel, Clock, Gauge, Logger, Metrics, Unsubscribe, WorkloadCheck } from '@hotstandby/ports';

/** A check, and how often and with what patience it is made. */
export interface WatchedCheck extends Patience {
  name: string;
  everyMs: number;
  /** After a bad look of what is not known to have failed: whether it is so is wanted soon. */
  retryMs: number;
  check: WorkloadCheck;
}

export interface WorkloadWatchParts {
  bus: Bus;
  clock: Clock;
  log: Logger;
  emit: Emit;
  metrics: Metrics;
  place: Place;
  /** Of the process, for the status. */
  pid: number;
  checks: readonly WatchedCheck[];
}

const sayEveryMs = 1000;

/**
 * Looks after the application that this pair protects: not hotstandby's own, so nobody else says how it is. What it finds
 * is published as the status of a service, and the policies treat it as one.
 */
export class WorkloadWatch {
  readonly #parts: WorkloadWatchParts;
  readonly #well: Gauge;
  #states: Record<string, CheckState> = {};
  #stops: (Cancel | Unsubscribe)[] = [];
  #timers = new Map<string, Cancel>();
  #runs = false;

  constructor(parts: WorkloadWatchParts) {
    this.#parts = parts;
    this.#well = parts.metrics.gauge('hotstandby_workload_well', 'Whether a check of the application is content.', [
      'check',
    ]);
  }

  start(): void {
    const { bus, clock, checks } = this.#parts;
    if (checks.length === 0) return;
    this.#runs = true;
    this.#states = Object.fromEntries(checks.map(({ name }) => [name, unknownCheck(clock.monotonicMs())]));
    this.#stops = [clock.every(sayEveryMs, () => this.#say()), bus.onStatus(() => this.#say())];
    for (const check of checks) void this.#look(check);
  }

  stop(): void {
    this.#runs = false;
    for (const stop of this.#stops.splice(0)) stop();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    for (const { check } of this.#parts.checks) check.close();
  }

  verdict(): Verdict | null {
    return verdictOf(this.#states);
  }

  /** Looks, and again after its time; the next one never begins before the last one has ended. */
  async #look(watched: WatchedCheck): Promise<void> {
    const { clock } = this.#parts;
    const beganMs = clock.monotonicMs();
    const looked = await watched.check.look();
    if (!this.#runs) return;
    const nowMs = clock.monotonicMs();
    const before = this.#states[watched.name] ?? unknownCheck(nowMs);
    const state = afterLook(before, looked, watched, nowMs);
    this.#states[watched.name] = state;
    if (state.well !== before.well) this.#changed(watched.name, before, state);
    const isDoubtful = !looked.well && state.well !== false;
    const everyMs = isDoubtful ? Math.min(watched.retryMs, watched.everyMs) : watched.everyMs;
    const waitMs = Math.max(1, everyMs - (nowMs - beganMs));
    this.#timers.set(
      watched.name,
      clock.after(waitMs, () => void this.#look(watched)),
    );
  }

  #changed(check: string, before: CheckState, { well, what, sinceMs }: CheckState): void {
    const { log, emit } = this.#parts;
    this.#well.set(well ? 1 : 0, { check });
    // First the word that makes the active hand over.
    this.#say();
    if (well === false) {
      log.error('the application fails a check', { code: 'HS_WORKLOAD_FAILED', check, what });
      void emit('workload.failed', { check, code: 'HS_WORKLOAD_FAILED', message: what });
    } else if (before.well === false) {
      const failedMs = Math.round(sinceMs - before.sinceMs);
      log.info('the application is well again', { check, what, failedMs });
      void emit('workload.recovered', { check, failedMs });
    } else log.info('the application is well', { check, what });
  }

  #say(): void {
    const { bus, clock, place, pid, checks } = this.#parts;
    const verdict = this.verdict();
    if (!verdict || !bus.connected()) return;
    const detail = Object.fromEntries(
      checks.map(({ name }) => [
        name,
        { well: this.#states[name]?.well ?? null, what: this.#states[name]?.what ?? '' },
      ]),
    );
    const said = { instance: place.node, saidAtMs: clock.monotonicMs(), ...verdict, detail };
    const status: ServiceStatus = { service: workload, pid, httpPort: null, ...said };
    bus.publish(subjects.workloadStatus(place), status);
  }
}
