import { inWords } from './column.ts';
import { putBareRecord } from './copy/put-record.ts';
import { fieldsOf, tuplesIn } from './copy/read-tuples.ts';
import { firstOfPack, flowsOfPack } from './copy/split-pack.ts';
import { TupleWriter } from './copy/tuple-writer.ts';
import { refusesValue } from './refused-values.ts';
import { recordTables, type RecordTableName, type TupleTable } from './staged-records.ts';
import { copyInto, type Writing } from './writing.ts';

/** Each row by itself. One that the database refuses is stored bare, with its values in words. */
export async function writeRowsOneByOne(
  writing: Writing,
  table: RecordTableName,
  messages: readonly Buffer[],
): Promise<void> {
  for (const tuple of messages.flatMap((tuples) => [...tuplesIn(tuples)])) {
    const why = await tryOne(writing, table, tuple);
    if (why !== null) await copyInto(writing, table, [bareRow(writing.epoch, table, tuple, why)]);
  }
}

/** Each pack by itself, of one that the database refuses each flow. A flow that it refuses becomes a bare row. */
export async function writePacksOneByOne(writing: Writing, messages: readonly Buffer[]): Promise<void> {
  for (const pack of messages.flatMap((tuples) => [...tuplesIn(tuples)])) {
    if ((await tryOne(writing, 'flow_pack', pack)) === null) continue;
    for (const flow of flowsOfPack(pack)) {
      const why = await tryOne(writing, 'flow_pack', flow);
      if (why !== null) await copyInto(writing, 'flow_row', [bareFlow(writing.epoch, flow, why)]);
    }
  }
}

/** Null: it is stored; else why it is not. */
async function tryOne(writing: Writing, table: TupleTable, tuple: Buffer): Promise<string | null> {
  const { session, timeoutMs } = writing;
  await session.run('savepoint one_row', timeoutMs);
  let why: string | null = null;
  try {
    await copyInto(writing, table, [tuple]);
  } catch (error) {
    if (!refusesValue(error)) throw error;
    await session.run('rollback to savepoint one_row', timeoutMs);
    why = (error as Error).message;
  }
  await session.run('release savepoint one_row', timeoutMs);
  return why;
}

const binaryFields: ReadonlySet<string> = new Set(['inet', 'int2', 'int4', 'int8', 'timestamptz', 'bytea']);

function bareRow(epoch: number, table: RecordTableName, refused: Buffer, why: string): Buffer {
  const names = recordTables[table].map(({ name }) => name);
  const fields = fieldsOf(refused).slice(1);
  return bareTuple(epoch, table, new Map(names.map((name, index) => [name, fields[index] ?? null])), why);
}

function bareFlow(epoch: number, refused: Buffer, why: string): Buffer {
  const fields = firstOfPack(refused);
  for (const ours of ['epoch', 'flows', 'altered']) fields.delete(ours);
  return bareTuple(epoch, 'flow_row', fields, why);
}

function bareTuple(
  epoch: number,
  table: RecordTableName,
  fields: ReadonlyMap<string, Buffer | null>,
  why: string,
): Buffer {
  const types = new Map<string, string>(recordTables[table].map(({ name, type }) => [name, type]));
  const words = [...fields].map(([name, octets]) => {
    const type = types.get(name) ?? '';
    if (!octets) return [name, null];
    return [
      name,
      binaryFields.has(type) ? octets.toString('hex') : octets.subarray(type === 'jsonb' ? 1 : 0).toString(),
    ];
  });
  const writer = new TupleWriter();
  const altered = `the store refused the row: ${why}; ${inWords(Object.fromEntries(words), 4000)}`;
  const receivedAt = fields.get('received_at') ?? Buffer.alloc(8);
  putBareRecord<never>(writer, epoch, recordTables[table], receivedAt, altered);
  return writer.take() ?? Buffer.alloc(0);
}
