import { StoreError } from '@hotstandby/ports';
import type { QueryConfig } from 'pg';
import { inWords, storable, type Column } from './column.ts';
import { sqlStateOf } from './faults.ts';
import type { Session } from './session.ts';

const rowsAMessage = 2000;

/** A telemetry table as it is written. */
export interface RecordTable<Record> {
  /** With its schema, quoted. */
  name: string;
  columns: Column<Record>[];
}

/** How a transaction's rows go out: all at once, or (after a row that the database refused) one by one. */
export interface Inserting {
  session: Session;
  timeoutMs: number;
  epoch: number;
  careful: boolean;
}

/** Stores every record. A value that its column cannot hold is left out and named in `altered`. */
export async function insertRecords<Record>(
  into: Inserting,
  table: RecordTable<Record>,
  records: Record[],
): Promise<void> {
  for (let from = 0; from < records.length; from += rowsAMessage) {
    const some = records.slice(from, from + rowsAMessage);
    if (into.careful) await oneByOne(into, table, some);
    else
      await into.session.run(
        statement(
          table,
          into.epoch,
          some.map((record) => rowOf(table, record)),
        ),
        into.timeoutMs,
      );
  }
}

/** True when the database refused a value (not the connection, a lock or space): the same batch would fail for ever. */
export function refusesValue(error: unknown): boolean {
  const state = error instanceof StoreError ? sqlStateOf(error.cause) : null;
  // Data exceptions, constraints, limits of the program (nesting, size).
  return state !== null && /^(22|23|54)/.test(state);
}

async function oneByOne<Record>(into: Inserting, table: RecordTable<Record>, records: Record[]): Promise<void> {
  const { session, timeoutMs, epoch } = into;
  for (const record of records) {
    await session.run('savepoint one_row', timeoutMs);
    try {
      await session.run(statement(table, epoch, [rowOf(table, record)]), timeoutMs);
    } catch (error) {
      if (!refusesValue(error)) throw error;
      await session.run('rollback to savepoint one_row', timeoutMs);
      const why = `the store refused the row: ${(error as Error).message}; ${inWords(record, 4000)}`;
      await session.run(statement(table, epoch, [bareRow(table, record, why)]), timeoutMs);
    }
    await session.run('release savepoint one_row', timeoutMs);
  }
}

type Row = (string | null)[];

/** One value a column, and what was left out. */
function rowOf<Record>({ columns }: RecordTable<Record>, record: Record): Row {
  const altered: string[] = [];
  const row = columns.map(({ name, type, of, otherwise }) => {
    const value = of(record);
    const text = storable(type, value);
    if (text === undefined) altered.push(`${name.replaceAll('"', '')}: ${inWords(value)}`);
    return text ?? otherwise ?? null;
  });
  return [...row, altered.length > 0 ? altered.join('; ') : null];
}

/** Only when it came, and why there is no more. */
function bareRow<Record>({ columns }: RecordTable<Record>, record: Record, why: string): Row {
  const row = columns.map(({ name, type, of, otherwise }) =>
    name === 'received_at' ? (storable(type, of(record)) ?? otherwise ?? null) : (otherwise ?? null),
  );
  return [...row, why];
}

/** One statement for all rows: an array a column, which costs the server far less than a parameter a value. */
function statement<Record>({ name, columns }: RecordTable<Record>, epoch: number, rows: Row[]): QueryConfig {
  const types = [...columns.map((column) => column.type), 'text'];
  const names = [...columns.map((column) => column.name), 'altered'];
  const arrays = types.map((type, index) => `$${index + 2}::${type}[]`);
  return {
    name: `insert ${name}`,
    text: `insert into ${name} (epoch, ${names.join(', ')}) select $1::int8, * from unnest(${arrays.join(', ')})`,
    values: [epoch, ...types.map((_, index) => rows.map((row) => row[index] ?? null))],
  };
}
