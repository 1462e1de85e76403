import type { Emit } from '@hotstandby/contracts';
import type { Cancel, Clock, Counter, Logger, Metrics } from '@hotstandby/ports';

/** Where datagrams were lost. `kernel`: receive buffer full; `memory`: INGEST did not take them; `ingest`: its bound. */
export type LossPlace = 'kernel' | 'memory' | 'ingest';

/** One event for many losses. */
const tellEveryMs = 3000;
/** For so long after a loss the service says that it is degraded. */
const rememberMs = 60_000;

/** Counts what was lost: a metric at once, an event and a log line at most every few seconds. */
export class Losses {
  readonly #clock: Clock;
  readonly #emit: Emit;
  readonly #log: Logger;
  readonly #counter: Counter;
  readonly #untold = new Map<string, { kind: string; place: LossPlace; count: number }>();
  #total = 0;
  #lastAtMs: number | null = null;
  #toldAtMs = -Infinity;
  #cancel: Cancel | null = null;

  constructor(parts: { clock: Clock; emit: Emit; log: Logger; metrics: Metrics }) {
    this.#clock = parts.clock;
    this.#emit = parts.emit;
    this.#log = parts.log;
    this.#counter = parts.metrics.counter(
      'hotstandby_collector_dropped_datagrams_total',
      'Datagrams that were lost, by kind and place',
      ['kind', 'place'],
    );
  }

  add(kind: string, place: LossPlace, count: number): void {
    if (count <= 0) return;
    this.#counter.add(count, { kind, place });
    this.#total += count;
    this.#lastAtMs = this.#clock.monotonicMs();
    const key = `${kind} ${place}`;
    const entry = this.#untold.get(key) ?? { kind, place, count: 0 };
    entry.count += count;
    this.#untold.set(key, entry);
    if (this.#cancel) return;
    const waitMs = Math.max(0, this.#toldAtMs + tellEveryMs - this.#lastAtMs);
    this.#cancel = this.#clock.after(waitMs, () => this.#tell());
  }

  total(): number {
    return this.#total;
  }

  recent(): boolean {
    return this.#lastAtMs !== null && this.#clock.monotonicMs() - this.#lastAtMs < rememberMs;
  }

  stop(): void {
    this.#cancel?.();
    if (this.#untold.size > 0) this.#tell();
  }

  #tell(): void {
    this.#cancel = null;
    this.#toldAtMs = this.#clock.monotonicMs();
    for (const { kind, place, count } of this.#untold.values()) {
      this.#log.warn('datagrams were lost', { kind, where: place, count, code: 'HS_TELEMETRY_LOST' });
      void this.#emit('collector.dropped', { kind, count, where: place, code: 'HS_TELEMETRY_LOST' });
    }
    this.#untold.clear();
  }
}
