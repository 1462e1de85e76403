import type {
  DeliveryProgress,
  GatheredSums,
  LedgerExtract,
  RecordBatch,
  RecordStore,
  ReplayClaim,
  ReplayTurn,
  Retention,
  StagedBatch,
  StoreOutcome,
  WriteGuard,
} from '@hotstandby/ports';
import { findDelivered, markDelivered } from './delivered-frames.ts';
import { readLedger, writeLedger } from './delivery-ledger.ts';
import { readProgress, writeProgress } from './delivery-progress.ts';
import { holdsTurn, takeTurn } from './delivery-replay.ts';
import { GatheredFlows } from './gathered-flows.ts';
import { guardedWrite } from './guarded-write.ts';
import { PartitionUpkeep } from './partition-upkeep.ts';
import type { PostgresOptions } from './options.ts';
import { partitionedTableNames } from './partitions.ts';
import { quoteName } from './quote.ts';
import { missedPartition, refusesValue } from './refused-values.ts';
import { SessionPool } from './session-pool.ts';
import type { Session } from './session.ts';
import { gatherFlows, StagedRecords } from './staged-records.ts';
import { writeRecords } from './write-records.ts';

const connections = 2;
const rowsATrim = 10_000;
/**
 * Marks of delivered messages are kept this long at most: INGEST gives a message again within its own age, and a busy
 * node makes millions of marks a day.
 */
const longestMarkMs = 2 * 24 * 3_600_000;

/** Looked at after a take-over only as far back as the tenure before had not come. */
const longestLedgerMs = 3 * 3_600_000;

/** Ends the transaction of a batch whose turn another collector has taken. */
const replaced = new Error('another collector settles this take-over');

/** Ends the transaction of gathered flows some of which are stored. */
class KnownMessages extends Error {
  readonly messageIds: ReadonlySet<string>;

  constructor(messageIds: ReadonlySet<string>) {
    super(`${messageIds.size} messages are stored already`);
    this.messageIds = messageIds;
  }
}

/** Telemetry in PostgreSQL. Every method throws `StoreError`; what ended `unknown` is stored again without harm. */
export class PostgresRecordStore implements RecordStore {
  readonly #options: PostgresOptions;
  readonly #pool: SessionPool;
  readonly #schema: string;
  readonly #partitions: PartitionUpkeep;

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.#pool = new SessionPool({ applicationName: 'hotstandby records', ...options }, connections);
    this.#schema = quoteName(options.store.schema);
    this.#partitions = new PartitionUpkeep(this.#pool, options);
  }

  /** Brings the schema up to date once, and a connection into being whenever there is none. */
  async prepare(): Promise<void> {
    await this.#pool.prepare();
    await this.#pool.use((session) => session.run('select 1', this.#pool.timeoutMs()));
    await this.#partitions.make();
  }

  stage(batch: RecordBatch, epoch: number): StagedBatch {
    return new StagedRecords(batch, epoch);
  }

  /** Takes what `stage` and it itself made. */
  gather(batch: StagedBatch, into: GatheredSums | null): GatheredSums {
    if (!(batch instanceof StagedRecords) || !(into === null || into instanceof GatheredFlows))
      throw new TypeError('these rows were staged by another store');
    return gatherFlows(batch, into ?? undefined);
  }

  /** Takes what `stage` made. */
  async store(guard: WriteGuard, staged: StagedBatch[], replay?: ReplayClaim): Promise<StoreOutcome> {
    const batches = staged.filter((batch) => batch instanceof StagedRecords);
    if (batches.length < staged.length) throw new TypeError('these rows were staged by another store');
    await this.#pool.prepare();
    try {
      return await this.#writeWhole(guard, batches, replay);
    } catch (error) {
      if (error === replaced) return { outcome: 'replaced' };
      if (error instanceof KnownMessages) return { outcome: 'known', messageIds: error.messageIds };
      if (!refusesValue(error)) throw error;
      // One value must not hold up all others for ever.
      this.#options.log.warn('the store refused a row; the batch is stored row by row', {
        error: (error as Error).message,
      });
      return await this.#write(guard, batches, { careful: true, replay });
    }
  }

  async clockMs(): Promise<number> {
    const text = 'select extract(epoch from clock_timestamp())::float8 * 1000 as now_ms';
    const rows = await this.#pool.use((session) => session.run<{ now_ms: number }>(text, this.#pool.timeoutMs()));
    return rows[0]?.now_ms ?? Number.NaN;
  }

  async ledger(tenureEpoch: number, sinceMs: number, clockAheadMs: number): Promise<LedgerExtract> {
    const wanted = { tenureEpoch, sinceMs, clockAheadMs };
    return this.#pool.use((session) =>
      readLedger(session, this.#pool.timeoutMs(), `${this.#schema}.delivery_ledger`, wanted),
    );
  }

  async replayTurn(guard: WriteGuard, claim: ReplayClaim, done: boolean): Promise<ReplayTurn> {
    const turn = await guardedWrite(this.#pool, this.#options.store.schema, guard, (session) =>
      takeTurn(session, this.#pool.timeoutMs(), `${this.#schema}.delivery_replay`, claim, done),
    );
    return turn ?? 'another';
  }

  async delivered(messageIds: string[]): Promise<Set<string>> {
    const table = `${this.#schema}.delivered_frame`;
    return this.#pool.use((session) => findDelivered(session, this.#pool.timeoutMs(), table, messageIds));
  }

  async noteProgress(guard: WriteGuard, progress: Omit<DeliveryProgress, 'epoch'>): Promise<void> {
    await guardedWrite(this.#pool, this.#options.store.schema, guard, (session) =>
      writeProgress(session, this.#pool.timeoutMs(), `${this.#schema}.delivery_progress`, {
        ...progress,
        epoch: guard.epoch,
      }),
    );
  }

  async progress(): Promise<DeliveryProgress[]> {
    return this.#pool.use((session) =>
      readProgress(session, this.#pool.timeoutMs(), `${this.#schema}.delivery_progress`),
    );
  }

  async trim(retention: Retention): Promise<void> {
    await this.#pool.prepare();
    for (const { rest, column, retentionMs } of await this.#partitions.drop(retention))
      await this.#trim(rest, column, retentionMs);
    await this.#trim('delivery_ledger', 'stored_at', longestLedgerMs);
    await this.#trim('delivered_frame', 'stored_at', longestMarkMs);
    await this.#trim('delivery_replay', 'renewed_at', longestMarkMs);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Again as often as a table got a partition meanwhile. */
  async #writeWhole(
    guard: WriteGuard,
    batches: StagedRecords[],
    replay: ReplayClaim | undefined,
    tries: number = partitionedTableNames.length,
  ): Promise<StoreOutcome> {
    try {
      return await this.#write(guard, batches, { careful: false, replay });
    } catch (error) {
      if (tries === 0 || !missedPartition(error)) throw error;
      return this.#writeWhole(guard, batches, replay, tries - 1);
    }
  }

  async #write(
    guard: WriteGuard,
    batches: StagedRecords[],
    { careful, replay }: { careful: boolean; replay: ReplayClaim | undefined },
  ): Promise<StoreOutcome> {
    const schema = this.#schema;
    const { epoch } = guard;
    const stored = await guardedWrite(this.#pool, this.#options.store.schema, guard, async (session) => {
      const timeoutMs = this.#pool.timeoutMs();
      if (replay && !(await holdsTurn(session, timeoutMs, `${schema}.delivery_replay`, replay))) throw replaced;
      const fresh = await markDelivered(session, timeoutMs, `${schema}.delivered_frame`, epoch, batches);
      if (fresh.length < batches.length && batches.some(({ gathered }) => gathered !== null))
        throw new KnownMessages(knownOf(batches, fresh));
      await writeRecords({ session, timeoutMs, schema, epoch, careful }, fresh);
      await writeLedger(session, timeoutMs, `${schema}.delivery_ledger`, epoch, fresh);
      const rows = fresh.reduce((sum, batch) => sum + batch.rows, 0);
      return { outcome: 'stored', batches: fresh.length, rows } as const;
    });
    return stored ?? { outcome: 'stale' };
  }

  /** In small pieces: a long delete would keep every beat's old row versions alive. */
  async #trim(table: string, column: string, retentionMs: number): Promise<void> {
    const from = `${this.#schema}.${table}`;
    const text = `with gone as (delete from ${from} where ctid = any (array(
        select ctid from ${from} where ${column} < clock_timestamp() - $1 * interval '1 ms' limit ${rowsATrim})) returning 1)
      select count(*)::int as n from gone`;
    const piece = (session: Session) =>
      session.run<{ n: number }>({ text, values: [retentionMs] }, this.#pool.timeoutMs());
    while (((await this.#pool.use(piece))[0]?.n ?? 0) === rowsATrim);
  }
}

function knownOf(batches: StagedRecords[], fresh: StagedRecords[]): Set<string> {
  const known = new Set(batches.map(({ messageId }) => messageId));
  for (const { messageId } of fresh) known.delete(messageId);
  return known;
}
