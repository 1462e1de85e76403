import { setImmediate } from 'node:timers/promises';
import { TrafficSums } from '@hotstandby/core/traffic';
import type { BulkTable } from '../bulk-load.ts';
import { looked, type Session } from '../session.ts';
import type { Field } from './column.ts';
import { messageFields } from './delivery-ledger.ts';
import { recordTableNames, type RecordTableName } from './record-columns.ts';
import type { StagedRecords } from './staged-records.ts';
import { emptyStaging, stagedMessages, stagedRecords, stagedTraffic } from './staging-tables.ts';
import { trafficRows, trafficTableNames } from './traffic-rows.ts';

/**
 * Puts what is to be stored into the session's own tables, in bulk. Nothing of the store is touched, so whatever happens here,
 * nothing was stored: it throws `StoreError`, but never `unknown`.
 */
export async function stageRows(session: Session, timeoutMs: number, batches: readonly StagedRecords[]): Promise<void> {
  const load = async (table: BulkTable, rows: Iterable<Field[]>) => {
    const some = numbered(rows);
    const first = some.next();
    if (!first.done) await session.bulk(table, withFirst(first.value, some), timeoutMs);
  };
  try {
    await session.run({ text: emptyStaging }, timeoutMs);
    await load(stagedMessages, batches.map(messageFields));
    for (const table of recordTableNames) await load(stagedRecords[table], fieldsOf(batches, table));
    const sums = await sumsOf(batches);
    if (sums) for (const table of trafficTableNames) await load(stagedTraffic[table], trafficRows(table, sums));
  } catch (error) {
    throw looked(error);
  }
}

function* fieldsOf(batches: readonly StagedRecords[], table: RecordTableName): Generator<Field[]> {
  for (const batch of batches) yield* batch.fields[table];
}

function* numbered(rows: Iterable<Field[]>): Generator<Field[], undefined> {
  let number = 0;
  for (const row of rows) {
    number += 1;
    yield [number, ...row];
  }
}

function* withFirst(first: Field[], others: Iterable<Field[]>): Generator<Field[]> {
  yield first;
  yield* others;
}

async function sumsOf(batches: readonly StagedRecords[]): Promise<TrafficSums | null> {
  const toSum = batches.map((batch) => batch.sums).filter((some) => some !== null);
  const flows = toSum.reduce((sum, some) => sum + some.flows, 0);
  if (flows === 0) return null;
  const sums = new TrafficSums(flows);
  for (const some of toSum) {
    sums.addAll(some);
    // Some hundred microseconds each; a service that is busy for long hears nothing of its grant.
    await setImmediate();
  }
  return sums;
}
