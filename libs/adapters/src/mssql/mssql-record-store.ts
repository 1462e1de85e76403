import {
  StoreError,
  type DeliveryProgress,
  type GatheredSums,
  type LedgerExtract,
  type RecordBatch,
  type RecordStore,
  type ReplayClaim,
  type ReplayTurn,
  type Retention,
  type StagedBatch,
  type StoreOutcome,
  type WriteGuard,
} from '@hotstandby/ports';
import { ownErrors } from './faults.ts';
import type { MssqlOptions } from './options.ts';
import { bigint, float, id, instant, int, type Parameters } from './parameters.ts';
import { quoteName } from './quote.ts';
import { findDelivered } from './records/delivered-frames.ts';
import { dateOf, readLedger } from './records/delivery-ledger.ts';
import { readProgress } from './records/delivery-progress.ts';
import { guardParameters } from './records/guarded-batch.ts';
import { progressStatement, replayTurnStatement, storeStatement } from './records/record-statements.ts';
import { collides, refusesValue, storeNumber } from './records/refusals.ts';
import { stageRows } from './records/stage-rows.ts';
import { StagedRecords } from './records/staged-records.ts';
import { trims, trimStatement } from './records/trim.ts';
import { SessionPool } from './session-pool.ts';
import { looked, type Session } from './session.ts';

const connections = 2;
/** How often a transaction is tried that met another writer of the same messages. */
const mostAttempts = 5;
const clockStatement = `SELECT DATEDIFF_BIG(microsecond, '19700101', SYSUTCDATETIME()) AS [nowUs];`;

/**
 * Telemetry in SQL Server. Rows go in bulk into temporary tables of the session, and from there, in one batch, into the store:
 * see `docs/adr`. Every method throws `StoreError`; what ended `unknown` is stored again without harm.
 */
export class MssqlRecordStore implements RecordStore {
  readonly #options: MssqlOptions;
  readonly #pool: SessionPool;
  readonly #schema: string;

  constructor(options: MssqlOptions) {
    this.#options = options;
    this.#pool = new SessionPool({ applicationName: 'hotstandby records', ...options }, connections);
    this.#schema = quoteName(options.store.schema);
  }

  /** Brings the schema up to date once, and a connection into being whenever there is none. */
  async prepare(): Promise<void> {
    await this.#pool.prepare();
    await this.clockMs();
  }

  stage(batch: RecordBatch): StagedBatch {
    return new StagedRecords(batch);
  }

  /** They are added up when they are stored: what the store has of them is sorted out, and the others are stored. */
  gather({ rows }: StagedBatch, into: GatheredSums | null): GatheredSums {
    return { flows: (into?.flows ?? 0) + rows, rows: (into?.rows ?? 0) + rows };
  }

  /** Takes what `stage` made. */
  async store(guard: WriteGuard, staged: StagedBatch[], replay?: ReplayClaim): Promise<StoreOutcome> {
    const batches = staged.filter((batch) => batch instanceof StagedRecords);
    if (batches.length < staged.length) throw new TypeError('these rows were staged by another store');
    await this.#pool.prepare();
    // The same message twice in one call is one.
    const once = [...new Map(batches.map((batch) => [batch.key, batch])).values()];
    return this.#pool.use((session) => this.#storeOn(session, guard, once, replay));
  }

  async clockMs(): Promise<number> {
    const [row] = await this.#read((session) => session.run({ text: clockStatement }, this.#pool.timeoutMs()));
    return Number(row?.[0]?.['nowUs'] ?? Number.NaN) / 1000;
  }

  ledger(tenureEpoch: number, sinceMs: number, clockAheadMs: number): Promise<LedgerExtract> {
    const wanted = { tenureEpoch, sinceMs, clockAheadMs };
    return this.#read((session) => readLedger(session, this.#pool.timeoutMs(), this.#schema, wanted));
  }

  async replayTurn(guard: WriteGuard, claim: ReplayClaim, done: boolean): Promise<ReplayTurn> {
    const { nodeId, tenureEpoch, owner } = claim;
    const own = { node: id(nodeId), tenure: bigint(tenureEpoch), owner: id(owner), done: int(done ? 1 : 0) };
    const rows = await this.#guarded(guard, replayTurnStatement(this.#schema), own);
    const turn = rows?.[0]?.[0]?.['turn'];
    return turn === 'mine' || turn === 'done' ? turn : 'another';
  }

  delivered(messageIds: string[]): Promise<Set<string>> {
    return this.#read((session) => findDelivered(session, this.#pool.timeoutMs(), this.#schema, messageIds));
  }

  async noteProgress(guard: WriteGuard, progress: Omit<DeliveryProgress, 'epoch'>): Promise<void> {
    const { nodeId, settledBeforeMs, clockAheadMs, ownFromMs, otherBeforeMs } = progress;
    await this.#guarded(guard, progressStatement(this.#schema), {
      node: id(nodeId),
      settled_before: instant(dateOf(settledBeforeMs)),
      clock_ahead_ms: float(clockAheadMs),
      own_from: instant(ownFromMs === null ? null : dateOf(ownFromMs)),
      other_before: instant(otherBeforeMs === null ? null : dateOf(otherBeforeMs)),
    });
  }

  progress(): Promise<DeliveryProgress[]> {
    return this.#read((session) => readProgress(session, this.#pool.timeoutMs(), this.#schema));
  }

  async trim(retention: Retention): Promise<void> {
    await this.#pool.prepare();
    for (const { table, column, keptMs, rowsAPiece } of trims(retention)) {
      const statement = {
        text: trimStatement(this.#schema, table, column, rowsAPiece),
        parameters: { kept_s: int(Math.min(Math.floor(keptMs / 1000), 2 ** 31 - 1)) },
      };
      const piece = (session: Session) => session.run(statement, this.#pool.timeoutMs());
      while (Number((await this.#pool.use(piece))[0]?.[0]?.['gone'] ?? 0) === rowsAPiece);
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** A connection that a known answer ended is not thrown away: a refused row says nothing of it. */
  async #storeOn(
    session: Session,
    guard: WriteGuard,
    batches: StagedRecords[],
    replay: ReplayClaim | undefined,
  ): Promise<StoreOutcome> {
    const timeoutMs = this.#pool.timeoutMs();
    const parameters = { ...guardParameters(guard, session), ...(replay ? turnParameters(replay) : {}) };
    let careful = false;
    for (let attempt = 1; ; attempt += 1) {
      const fresh = await this.#freshOf(session, batches);
      await stageRows(session, timeoutMs, fresh);
      const text = storeStatement(this.#schema, { replay: replay !== undefined, careful });
      try {
        await session.run({ text, parameters }, timeoutMs);
        return { outcome: 'stored', batches: fresh.length, rows: fresh.reduce((sum, { rows }) => sum + rows, 0) };
      } catch (error) {
        if (storeNumber(error) === ownErrors.staleGuard) return { outcome: 'stale' };
        if (storeNumber(error) === ownErrors.turnLost) return { outcome: 'replaced' };
        if (collides(error) && attempt < mostAttempts) continue;
        if (careful || !refusesValue(error)) throw error;
        // One value must not hold up all others for ever.
        careful = true;
        this.#options.log.warn('the store refused a row; the batch is stored row by row', {
          error: (error as Error).message,
        });
      }
    }
  }

  async #freshOf(session: Session, batches: StagedRecords[]): Promise<StagedRecords[]> {
    const ids = batches.map(({ messageId }) => messageId);
    try {
      const known = await findDelivered(session, this.#pool.timeoutMs(), this.#schema, ids);
      return batches.filter(({ messageId }) => !known.has(messageId));
    } catch (error) {
      throw looked(error);
    }
  }

  /** Null: the reign is over, and nothing was written. */
  async #guarded(guard: WriteGuard, text: string, own: Parameters) {
    await this.#pool.prepare();
    return this.#pool.use(async (session) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const parameters = { ...own, ...guardParameters(guard, session) };
          return await session.run({ text, parameters }, this.#pool.timeoutMs());
        } catch (error) {
          if (storeNumber(error) === ownErrors.staleGuard) return null;
          if (!collides(error) || attempt === mostAttempts) throw error;
        }
      }
    });
  }

  /** What only looks is known not to have changed anything. */
  async #read<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    try {
      return await this.#pool.use(work);
    } catch (error) {
      throw error instanceof StoreError ? looked(error) : error;
    }
  }
}

function turnParameters({ nodeId, tenureEpoch, owner }: ReplayClaim): Parameters {
  return { replay_node: id(nodeId), replay_tenure: bigint(tenureEpoch), replay_owner: id(owner) };
}
