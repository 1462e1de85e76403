import type { RecordReader, TelemetryKind } from '@hotstandby/ports';
import type { PostgresOptions } from './options.ts';
import { quoteName } from './quote.ts';
import { SessionPool } from './session-pool.ts';

const tables: Record<TelemetryKind, string> = { syslog: 'syslog_message', trap: 'snmp_trap', flow: 'flow_record' };
const mostRows = 10_000;
/** Up to here rows are counted; beyond it the planner's estimate is told, which costs nothing. */
const countedUpTo = 1_000_000;

/** What people read back; a reader changes nothing, the schema neither. Throws `StoreError`. */
export class PostgresRecordReader implements RecordReader {
  readonly #pool: SessionPool;
  readonly #schema: string;

  constructor(options: PostgresOptions) {
    this.#pool = new SessionPool({ applicationName: 'hotstandby reader', ...options }, 2);
    this.#schema = quoteName(options.store.schema);
  }

  /** Newest first by the time of reception. Columns as in the table; bytes as `\x` and hex, big counters as text. */
  async last(kind: TelemetryKind, limit: number): Promise<Record<string, unknown>[]> {
    const counters =
      kind === 'flow' ? ` || jsonb_build_object('packets', ${exact('packets')}, 'octets', ${exact('octets')})` : '';
    const text = `select to_jsonb(t)${counters} as record from ${this.#schema}.${tables[kind]} t
      order by received_at desc, id desc limit $1`;
    const values = [Math.max(0, Math.min(Math.trunc(limit), mostRows))];
    const rows = await this.#pool.use((session) =>
      session.run<{ record: Record<string, unknown> }>({ text, values }, this.#pool.timeoutMs()),
    );
    return rows.map((row) => row.record);
  }

  /** Exact up to a million rows a kind. */
  async counts(): Promise<Record<TelemetryKind, number>> {
    const [syslog, trap, flow] = await Promise.all([this.#count('syslog'), this.#count('trap'), this.#count('flow')]);
    return { syslog, trap, flow };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #count(kind: TelemetryKind): Promise<number> {
    const table = `${this.#schema}.${tables[kind]}`;
    const text = `select case when estimate > ${countedUpTo} then estimate
                              else (select count(*) from ${table}) end::float8 as n
      from (select sum(greatest(reltuples, 0))::int8 as estimate
              from pg_partition_tree($1::regclass) join pg_class on oid = relid where isleaf) e`;
    const rows = await this.#pool.use((session) =>
      session.run<{ n: number }>({ text, values: [table] }, this.#pool.timeoutMs()),
    );
    return rows[0]?.n ?? 0;
  }
}

/** A number where JavaScript can hold it exactly, else its digits. */
function exact(column: string): string {
  return `case when ${column} > 9007199254740991 then to_jsonb(${column}::text) else to_jsonb(${column}) end`;
}
