import type { RecordReader, TelemetryKind } from '@hotstandby/ports';
import { escapeLiteral } from 'pg';
import type { PostgresOptions } from './options.ts';
import { quoteName } from './quote.ts';
import { SessionPool } from './session-pool.ts';

const tables: Record<TelemetryKind, string> = { syslog: 'syslog_message', trap: 'snmp_trap', flow: 'flow_record' };
/** The newest first, in an order that is the same each time. */
const orders: Record<TelemetryKind, string> = {
  syslog: 'received_at desc, id desc',
  trap: 'received_at desc, id desc',
  flow: 'received_at desc, id desc, position desc',
};
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
    const where = kind === 'flow' ? `where ${amongNewest(this.#schema)}` : '';
    const text = `select to_jsonb(t)${counters} as record from ${this.#schema}.${tables[kind]} t ${where}
      order by ${orders[kind]} limit $1`;
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
    const text = kind === 'flow' ? countFlows(this.#schema) : countRows(`${this.#schema}.${tables[kind]}`);
    const rows = await this.#pool.use((session) => session.run<{ n: number }>(text, this.#pool.timeoutMs()));
    return rows[0]?.n ?? 0;
  }
}

/**
 * Holds for `$1` flows at least, and for the newest. A table that was never analyzed looks to the planner as if its index were of no use for its
 * order, and it would sort all of it; for two bounds of a time it takes the index in any case.
 */
const amongNewest = (schema: string): string =>
  `received_at >= coalesce((select received_at from ${schema}.flow_pack order by received_at desc offset $1 limit 1), '-infinity')
     and received_at <= 'infinity'`;

/** How many rows the planner believes there are; tables are partitioned. */
const estimate = (table: string): string =>
  `(select sum(greatest(reltuples, 0))::int8 from pg_partition_tree(${escapeLiteral(table)}) join pg_class on oid = relid where isleaf)`;

const countRows = (table: string): string =>
  `select case when estimate > ${countedUpTo} then estimate else (select count(*) from ${table}) end::float8 as n
   from (select ${estimate(table)} as estimate) e`;

/** Of packs the planner knows only how many: the newest tell how many flows they hold. */
function countFlows(schema: string): string {
  const [row, pack] = [`${schema}.flow_row`, `${schema}.flow_pack`];
  const newest = `(select avg(flows) from (select flows from ${pack} order by received_at desc limit 1000) n)`;
  return `select case when estimate > ${countedUpTo} then estimate
                      else (select count(*) from ${row}) + (select coalesce(sum(flows), 0) from ${pack}) end::float8 as n
    from (select ${estimate(row)} + (${estimate(pack)} * coalesce(${newest}, 0))::int8 as estimate) e`;
}

/** A number where JavaScript can hold it exactly, else its digits. */
function exact(column: string): string {
  return `case when ${column} > 9007199254740991 then to_jsonb(${column}::text) else to_jsonb(${column}) end`;
}
