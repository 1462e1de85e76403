import type { RecordReader, TelemetryKind } from '@hotstandby/ports';
import type { MssqlOptions } from './options.ts';
import { int } from './parameters.ts';
import { quoteName, quoteText } from './quote.ts';
import { count } from './rows.ts';
import type { Column } from './records/column.ts';
import { recordTables, type RecordTableName } from './records/record-columns.ts';
import { SessionPool } from './session-pool.ts';
import { looked, type Row, type Statement } from './session.ts';

const tables: Record<TelemetryKind, RecordTableName> = {
  syslog: 'syslog_message',
  trap: 'snmp_trap',
  flow: 'flow_record',
};
const mostRows = 10_000;
/** Up to here rows are counted; beyond it what the catalogue says is told, which costs nothing. */
const countedUpTo = 1_000_000;

/** What people read back; a reader changes nothing, the schema neither. Throws `StoreError`. */
export class MssqlRecordReader implements RecordReader {
  readonly #pool: SessionPool;
  readonly #schema: string;

  constructor(options: MssqlOptions) {
    this.#pool = new SessionPool({ applicationName: 'hotstandby reader', ...options }, 2);
    this.#schema = quoteName(options.store.schema);
  }

  /** Newest first by the time of reception. Columns as in the table; bytes as `\x` and hex, big counters as text. */
  async last(kind: TelemetryKind, limit: number): Promise<Record<string, unknown>[]> {
    const most = Math.max(0, Math.min(Math.trunc(limit), mostRows));
    const statement = { text: lastStatement(this.#schema, tables[kind]), parameters: { limit: int(most) } };
    return (await this.#rows(statement)).map((row) => readable(tables[kind], row));
  }

  /** Exact up to a million rows a kind. */
  async counts(): Promise<Record<TelemetryKind, number>> {
    const of = async (kind: TelemetryKind) => {
      const [row] = await this.#rows({ text: countStatement(this.#schema, tables[kind]) });
      return row ? count(row, 'n') : 0;
    };
    const [syslog, trap, flow] = await Promise.all([of('syslog'), of('trap'), of('flow')]);
    return { syslog, trap, flow };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #rows(statement: Statement): Promise<Row[]> {
    try {
      return (await this.#pool.use((session) => session.run(statement, this.#pool.timeoutMs())))[0] ?? [];
    } catch (error) {
      throw looked(error);
    }
  }
}

export function lastStatement(schema: string, table: RecordTableName): string {
  return `SELECT TOP (@limit) t.* FROM ${schema}.${table} AS t ORDER BY t.received_at DESC, t.id DESC;`;
}

export function countStatement(schema: string, table: RecordTableName): string {
  const name = `${schema}.${table}`;
  return `SET NOCOUNT ON;
DECLARE @n bigint = (SELECT SUM(p.[rows]) FROM sys.partitions AS p
  WHERE p.object_id = OBJECT_ID(${quoteText(name)}) AND p.index_id IN (0, 1));
IF @n IS NULL OR @n <= ${countedUpTo} SET @n = (SELECT COUNT_BIG(*) FROM ${name} AS t);
SELECT @n AS [n];`;
}

/** As JSON says it: times, bytes and big counters as texts. */
export function readable(table: RecordTableName, row: Row): Record<string, unknown> {
  const types = new Map((recordTables[table] as readonly Column<never>[]).map(({ name, type }) => [name, type]));
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (value instanceof Date) return [name, value.toISOString().replace('Z', '+00:00')];
      if (Buffer.isBuffer(value)) return [name, `\\x${value.toString('hex')}`];
      if (typeof value !== 'string') return [name, value];
      const type = types.get(name);
      if (type === 'json') return [name, parsed(value)];
      // The driver gives 64-bit integers as texts.
      if (type === 'int8' || name === 'id' || name === 'epoch') {
        const number = Number(value);
        return [name, Number.isSafeInteger(number) ? number : value];
      }
      return [name, value];
    }),
  );
}

/** Somebody else may have written the row. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
