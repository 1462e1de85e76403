import { StoreError } from '@hotstandby/ports';
import { inWords } from './column.ts';
import { copyTuples } from './copy/copy-tuples.ts';
import { columnNames, putBareRecord } from './copy/put-record.ts';
import { fieldsOf, tuplesIn, writeEpoch } from './copy/read-tuples.ts';
import { TupleWriter } from './copy/tuple-writer.ts';
import { sqlStateOf } from './faults.ts';
import { writeTraffic } from './write-traffic.ts';
import type { Session } from './session.ts';
import { recordTableNames, recordTables, type RecordTableName, type StagedRecords } from './staged-records.ts';

/** How a transaction's rows go out: all at once, or (after a row that the database refused) one by one. */
export interface Writing {
  session: Session;
  timeoutMs: number;
  /** Quoted. */
  schema: string;
  epoch: number;
  careful: boolean;
}

/** By binary COPY, one a table; flows are summed, too. */
export async function writeRecords(writing: Writing, batches: readonly StagedRecords[]): Promise<void> {
  for (const batch of batches) beOfEpoch(batch, writing.epoch);
  for (const table of recordTableNames) {
    const tuples = batches.map((batch) => batch.tuples[table]).filter((bytes) => bytes !== null);
    if (writing.careful) await oneByOne(writing, table, tuples);
    else if (tuples.length > 0) await copy(writing, table, tuples);
  }
  await writeTraffic(writing, batches);
}

/**
 * True when a partition for the day of some rows was made while they were on their way to the table's rest, which holds no row of a day that has
 * one: the same again finds the partition. Constraints of values have names.
 */
export function missedPartition(error: unknown): boolean {
  if (!(error instanceof StoreError) || sqlStateOf(error.cause) !== checkViolation) return false;
  return (error.cause as { constraint?: string }).constraint === undefined;
}

const checkViolation = '23514';

/** True when the database refused a value (not the connection, a lock or space): the same batch would fail for ever. */
export function refusesValue(error: unknown): boolean {
  const state = error instanceof StoreError ? sqlStateOf(error.cause) : null;
  // Data exceptions, constraints, limits of the program (nesting, size).
  return state !== null && /^(22|23|54)/.test(state) && !missedPartition(error);
}

/** A reign may end, and the next of the same node begin, between decoding and commit. */
function beOfEpoch(batch: StagedRecords, epoch: number): void {
  if (batch.epoch === epoch) return;
  for (const table of recordTableNames) {
    const bytes = batch.tuples[table];
    if (bytes) writeEpoch(bytes, epoch);
  }
  batch.epoch = epoch;
}

const copy = ({ session, timeoutMs, schema }: Writing, table: RecordTableName, tuples: readonly Buffer[]) =>
  copyTuples(session, timeoutMs, `${schema}.${table}`, columnNames<never>(recordTables[table]), tuples);

async function oneByOne(writing: Writing, table: RecordTableName, messages: readonly Buffer[]): Promise<void> {
  const { session, timeoutMs } = writing;
  for (const tuple of messages.flatMap((tuples) => [...tuplesIn(tuples)])) {
    await session.run('savepoint one_row', timeoutMs);
    try {
      await copy(writing, table, [tuple]);
    } catch (error) {
      if (!refusesValue(error)) throw error;
      await session.run('rollback to savepoint one_row', timeoutMs);
      await copy(writing, table, [bareTuple(writing.epoch, table, tuple, (error as Error).message)]);
    }
    await session.run('release savepoint one_row', timeoutMs);
  }
}

const binaryFields: ReadonlySet<string> = new Set(['inet', 'int2', 'int4', 'int8', 'timestamptz', 'bytea']);

function bareTuple(epoch: number, table: RecordTableName, refused: Buffer, why: string): Buffer {
  const columns = recordTables[table];
  const fields = fieldsOf(refused).slice(1);
  const words = columns.map(({ name, type }, index) => {
    const octets = fields[index];
    if (!octets) return [name, null];
    return [
      name,
      binaryFields.has(type) ? octets.toString('hex') : octets.subarray(type === 'jsonb' ? 1 : 0).toString(),
    ];
  });
  const receivedAt = fields[columns.findIndex(({ name }) => name === 'received_at')] ?? Buffer.alloc(8);
  const writer = new TupleWriter();
  const altered = `the store refused the row: ${why}; ${inWords(Object.fromEntries(words), 4000)}`;
  putBareRecord<never>(writer, epoch, columns, receivedAt, altered);
  return writer.take() ?? Buffer.alloc(0);
}
