import type { RecordBatch, RecordStore, StoreOutcome, WriteGuard } from '@hotstandby/ports';

/** The record store inside one process, for unit tests: marks of deliveries and the guard's check as in a database. */
export class MemoryRecordStore implements RecordStore {
  /** The reign in force; writes under any other are stale. */
  reign: WriteGuard = { epoch: 1, incarnation: 'i1' };
  /** Why nothing is answered; null: it works. */
  fault: string | null = null;
  readonly batches: RecordBatch[] = [];
  /** What every stored batch was written under. */
  readonly guards: WriteGuard[] = [];
  attempts = 0;
  trimmedTo: number[] = [];
  readonly #origins = new Set<string>();

  async prepare(): Promise<void> {
    this.#mustAnswer();
  }

  async store(guard: WriteGuard, batches: RecordBatch[]): Promise<StoreOutcome> {
    this.attempts++;
    this.#mustAnswer();
    if (guard.epoch !== this.reign.epoch || guard.incarnation !== this.reign.incarnation) return { outcome: 'stale' };
    const fresh = batches.filter(({ origin }) => !this.#origins.has(keyOf(origin)));
    for (const batch of fresh) {
      this.#origins.add(keyOf(batch.origin));
      this.batches.push(batch);
      this.guards.push(guard);
    }
    const rows = fresh.reduce((sum, { syslog, traps, flows }) => sum + syslog.length + traps.length + flows.length, 0);
    return { outcome: 'stored', batches: fresh.length, rows };
  }

  async trim(retentionMs: number): Promise<void> {
    this.#mustAnswer();
    this.trimmedTo.push(retentionMs);
  }

  async close(): Promise<void> {}

  #mustAnswer(): void {
    if (this.fault !== null) throw new Error(this.fault);
  }
}

const keyOf = ({ nodeId, streamId, sequence }: RecordBatch['origin']): string => `${nodeId}/${streamId}/${sequence}`;
