import type { Clock, Counter, Logger, Metrics, SinkItem, SinkMessage, TelemetrySink } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';

interface Parts {
  sinks: readonly TelemetrySink[];
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  limits: Pick<CollectorLimits, 'retry'>;
  /** Null while the gate is shut. */
  gate: () => unknown;
}

/** What a message brings to each sink that wants something of it. */
export type StagedForSinks = readonly { sink: TelemetrySink; item: SinkItem }[];

/**
 * The sinks beside the store. They are served before it: what the store has, they have had, whoever dies in between. One that
 * takes nothing holds up what comes behind, and INGEST keeps it.
 */
export class Sinks {
  readonly #parts: Parts;
  readonly #messages: Counter;
  readonly #faults = new Map<TelemetrySink, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#messages = parts.metrics.counter(
      'hotstandby_collector_sink_messages_total',
      'Messages of INGEST delivered to sinks beside the store, by sink',
      ['sink'],
    );
  }

  any(): boolean {
    return this.#parts.sinks.length > 0;
  }

  /** Whether some sink needs flows as records. */
  readsFlows(): boolean {
    return this.#parts.sinks.some((sink) => sink.readsFlows);
  }

  /** Whether some sink needs syslog as records. */
  readsSyslog(): boolean {
    return this.#parts.sinks.some((sink) => sink.readsSyslog);
  }

  stage(message: SinkMessage): StagedForSinks {
    return this.#parts.sinks.flatMap((sink) => {
      const item = sink.stage(message);
      return item ? [{ sink, item }] : [];
    });
  }

  /** True when every sink has what is its own; false when the gate shut or `signal` came first. */
  async deliver(staged: StagedForSinks, signal: AbortSignal): Promise<boolean> {
    const delivered = await Promise.all(
      this.#parts.sinks.map(async (sink) => {
        const items = staged.filter((one) => one.sink === sink).map(({ item }) => item);
        return items.length === 0 || (await this.#deliverTo(sink, items, signal));
      }),
    );
    return delivered.every(Boolean);
  }

  /** Why sinks take nothing at the moment, and what others deliver otherwise than configured. */
  faults(): string[] {
    const limitations = this.#parts.sinks.flatMap((sink) => sink.limitation?.() ?? []);
    return [...this.#faults.values(), ...limitations];
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.sinks.map((sink) => sink.close()));
  }

  async #deliverTo(sink: TelemetrySink, items: SinkItem[], signal: AbortSignal): Promise<boolean> {
    const { clock, limits, gate, log } = this.#parts;
    const backoff = new Backoff(limits.retry);
    while (!signal.aborted && gate() !== null) {
      try {
        await sink.deliver(items);
        this.#messages.add(items.length, { sink: sink.name.split(' ')[0] ?? '' });
        if (this.#faults.delete(sink)) log.info(`${sink.name} takes telemetry again`);
        return true;
      } catch (error) {
        const fault = error instanceof Error ? error.message : String(error);
        if (!this.#faults.has(sink)) log.warn('a sink takes no telemetry, which waits in INGEST', { error: fault });
        this.#faults.set(sink, fault);
        await pause(clock, backoff.next(), signal);
      }
    }
    return false;
  }
}
