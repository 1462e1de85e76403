import { unpackEntries } from '@hotstandby/core/ledger';
import type { DeliveryProgress, LedgerLine, LedgerReader, StoredCount, TelemetryKind } from '@hotstandby/ports';
import type { MssqlOptions } from './options.ts';
import { instant } from './parameters.ts';
import { quoteName } from './quote.ts';
import { count } from './rows.ts';
import { findDelivered } from './records/delivered-frames.ts';
import { dateOf, ledgerRows, rowsARead } from './records/delivery-ledger.ts';
import { readProgress } from './records/delivery-progress.ts';
import { SessionPool } from './session-pool.ts';
import { looked, type Session } from './session.ts';

const sources: Record<TelemetryKind, { table: string; column: string }> = {
  syslog: { table: 'syslog_message', column: 'source_address' },
  trap: { table: 'snmp_trap', column: 'source_address' },
  flow: { table: 'flow_record', column: 'exporter' },
};

/** Reads what was stored, to check it; changes nothing, the schema neither. Throws `StoreError`. */
export class MssqlLedgerReader implements LedgerReader {
  readonly #pool: SessionPool;
  readonly #schema: string;

  constructor(options: MssqlOptions) {
    this.#pool = new SessionPool({ applicationName: 'hotstandby verify', ...options }, 2);
    this.#schema = quoteName(options.store.schema);
  }

  progress(): Promise<DeliveryProgress[]> {
    return this.#look((session) => readProgress(session, this.#pool.timeoutMs(), this.#schema));
  }

  async *lines(fromMs: number, untilMs: number): AsyncIterable<LedgerLine> {
    for (let after = 0; ;) {
      const rows = await this.#look((session) =>
        ledgerRows(session, this.#pool.timeoutMs(), this.#schema, { after, fromMs, untilMs }),
      );
      for (const { epoch, nodeId, clockAheadMs, stored } of rows)
        yield { epoch, nodeId, clockAheadMs, stored: unpackEntries(stored) };
      const last = rows.at(-1);
      if (!last || rows.length < rowsARead) return;
      after = last.id;
    }
  }

  delivered(messageIds: string[]): Promise<Set<string>> {
    return this.#look((session) => findDelivered(session, this.#pool.timeoutMs(), this.#schema, messageIds));
  }

  async counts(fromMs: number, untilMs: number): Promise<StoredCount[]> {
    const parameters = { from: instant(dateOf(fromMs)), until: instant(dateOf(untilMs)) };
    const found: StoredCount[] = [];
    for (const kind of Object.keys(sources) as TelemetryKind[]) {
      const statement = { text: minuteCountStatement(this.#schema, kind), parameters };
      const [rows = []] = await this.#look((session) => session.run(statement, this.#pool.timeoutMs()));
      for (const row of rows) {
        const source = typeof row['source'] === 'string' ? row['source'] : '';
        found.push({ kind, source, minute: count(row, 'minute'), rows: count(row, 'rows') });
      }
    }
    return found;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #look<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    try {
      return await this.#pool.use(work);
    } catch (error) {
      throw looked(error);
    }
  }
}

export function minuteCountStatement(schema: string, kind: TelemetryKind): string {
  const { table, column } = sources[kind];
  const minute = `DATEDIFF_BIG(minute, '19700101', t.received_at)`;
  return `SELECT t.${column} AS [source], ${minute} AS [minute], COUNT_BIG(*) AS [rows]
 FROM ${schema}.${table} AS t WHERE t.received_at >= @from AND t.received_at < @until
 GROUP BY t.${column}, ${minute};`;
}
