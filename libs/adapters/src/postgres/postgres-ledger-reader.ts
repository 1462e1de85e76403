import { unpackEntries } from '@hotstandby/core/ledger';
import type { DeliveryProgress, LedgerLine, LedgerReader, StoredCount, TelemetryKind } from '@hotstandby/ports';
import { findDelivered } from './delivered-frames.ts';
import { ledgerRows, rowsARead } from './delivery-ledger.ts';
import { readProgress } from './delivery-progress.ts';
import type { PostgresOptions } from './options.ts';
import { quoteName } from './quote.ts';
import { SessionPool } from './session-pool.ts';

/** Rows of a kind: who sent them, when they were received, how many records each holds. */
const sources: Record<TelemetryKind, (schema: string) => string> = {
  syslog: (s) => `select source_address as source, received_at, 1 as records from ${s}.syslog_message`,
  trap: (s) => `select source_address as source, received_at, 1 as records from ${s}.snmp_trap`,
  flow: (s) => `select exporter as source, received_at, 1 as records from ${s}.flow_row
    union all select exporter, received_at, flows from ${s}.flow_pack`,
};

/** Reads what was stored, to check it; changes nothing, the schema neither. Throws `StoreError`. */
export class PostgresLedgerReader implements LedgerReader {
  readonly #pool: SessionPool;
  readonly #schema: string;

  constructor(options: PostgresOptions) {
    this.#pool = new SessionPool({ applicationName: 'hotstandby verify', ...options }, 2);
    this.#schema = quoteName(options.store.schema);
  }

  async progress(): Promise<DeliveryProgress[]> {
    return this.#pool.use((session) =>
      readProgress(session, this.#pool.timeoutMs(), `${this.#schema}.delivery_progress`),
    );
  }

  async *lines(fromMs: number, untilMs: number): AsyncIterable<LedgerLine> {
    for (let after = '0'; ;) {
      const rows = await this.#pool.use((session) =>
        ledgerRows(session, this.#pool.timeoutMs(), `${this.#schema}.delivery_ledger`, { after, fromMs, untilMs }),
      );
      for (const { epoch, node_id, clock_ahead_ms, stored } of rows)
        yield { epoch: Number(epoch), nodeId: node_id, clockAheadMs: clock_ahead_ms, stored: unpackEntries(stored) };
      const last = rows.at(-1);
      if (!last || rows.length < rowsARead) return;
      after = last.id;
    }
  }

  async delivered(messageIds: string[]): Promise<Set<string>> {
    return this.#pool.use((session) =>
      findDelivered(session, this.#pool.timeoutMs(), `${this.#schema}.delivered_frame`, messageIds),
    );
  }

  async counts(fromMs: number, untilMs: number): Promise<StoredCount[]> {
    const found: StoredCount[] = [];
    for (const [kind, rowsOf] of Object.entries(sources) as [TelemetryKind, (typeof sources)['flow']][]) {
      // Rounded as the ledger rounds, so that both put a datagram into the same minute.
      const text = `select host(source) as source, floor(round(extract(epoch from received_at) * 1000) / 60000)::int as minute,
                           sum(records)::int as rows
        from (${rowsOf(this.#schema)}) r
        where received_at >= to_timestamp($1::float8 / 1000) and received_at < to_timestamp($2::float8 / 1000)
        group by 1, 2`;
      const rows = await this.#pool.use((session) =>
        session.run<{ source: string | null; minute: number; rows: number }>(
          { text, values: [fromMs, untilMs] },
          this.#pool.timeoutMs(),
        ),
      );
      for (const row of rows) found.push({ kind, source: row.source ?? '', minute: row.minute, rows: row.rows });
    }
    return found;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
