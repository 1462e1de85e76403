import type {
  Clock,
  Histogram,
  Logger,
  Metrics,
  RecordStore,
  ReplayClaim,
  StagedBatch,
  WriteGuard,
} from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';
import type { StoreClock } from './store-clock.ts';

/**
 * `stale`: the store says that the reign of `epoch` is over. `shut`: the gate shut before it was stored. `replaced`: another
 * collector of this node settles the take-over now. `known`: these were stored before, and the others can be only without them.
 */
export type WriteOutcome =
  | { outcome: 'stored' | 'shut' | 'replaced' }
  | { outcome: 'stale'; epoch: number }
  | { outcome: 'known'; messageIds: ReadonlySet<string> };

interface Parts {
  store: RecordStore;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  limits: Pick<CollectorLimits, 'retry'>;
  storeClock: StoreClock;
  /** The guard when the gate is open right now. */
  gate: () => WriteGuard | null;
}

/** Stores batches, again and again while the store is away, and never without asking the gate right before. */
export class StoreWriter {
  readonly #parts: Parts;
  readonly #duration: Histogram;
  #fault: string | null = null;
  #lastCommitAtMs: number | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#duration = parts.metrics.histogram(
      'hotstandby_collector_store_seconds',
      'Time of one transaction of the record store',
      [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    );
  }

  async write(batches: StagedBatch[], claim: ReplayClaim | null, signal: AbortSignal): Promise<WriteOutcome> {
    const { store, clock, limits, gate } = this.#parts;
    const backoff = new Backoff(limits.retry);
    for (;;) {
      const open = signal.aborted ? null : gate();
      if (!open) return { outcome: 'shut' };
      const guard: WriteGuard = { epoch: open.epoch, incarnation: open.incarnation };
      const begunMs = clock.monotonicMs();
      try {
        const result = await store.store(guard, batches, claim ?? undefined);
        this.#worked();
        if (result.outcome === 'replaced') return { outcome: 'replaced' };
        if (result.outcome === 'stale') {
          // The reign may have passed to a newer epoch of this node's while the statement was under way.
          if ((gate()?.epoch ?? 0) > guard.epoch) continue;
          return { outcome: 'stale', epoch: guard.epoch };
        }
        if (result.outcome === 'known') {
          // Of an answer that was lost, all of them.
          const all = batches.every(({ messageId }) => result.messageIds.has(messageId));
          return all ? { outcome: 'stored' } : result;
        }
        this.#duration.observe((clock.monotonicMs() - begunMs) / 1000);
        this.#lastCommitAtMs = clock.wallMs();
        return { outcome: 'stored' };
      } catch (error) {
        this.#failed(error);
        await pause(clock, backoff.next(), signal);
      }
    }
  }

  /** Opens the connection and the schema, or sees that they are there. */
  async touch(): Promise<void> {
    try {
      await this.#parts.store.prepare();
      await this.#parts.storeClock.measure();
      this.#worked();
    } catch (error) {
      this.#failed(error);
    }
  }

  state(): { fault: string | null; lastCommitAtMs: number | null } {
    return { fault: this.#fault, lastCommitAtMs: this.#lastCommitAtMs };
  }

  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#fault === null)
      this.#parts.log.warn('the store takes no records; they wait in INGEST', { error: message });
    this.#fault = message;
  }

  #worked(): void {
    if (this.#fault !== null) this.#parts.log.info('the store takes records again');
    this.#fault = null;
  }
}
