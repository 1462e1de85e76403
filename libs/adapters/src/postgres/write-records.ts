import { writeEpoch } from './copy/read-tuples.ts';
import { tupleTableNames, type StagedRecords } from './staged-records.ts';
import { writePacksOneByOne, writeRowsOneByOne } from './write-one-by-one.ts';
import { writeTraffic } from './write-traffic.ts';
import { copyInto, type Writing } from './writing.ts';

/** By binary COPY, one a table; flows are summed, too. */
export async function writeRecords(writing: Writing, batches: readonly StagedRecords[]): Promise<void> {
  for (const batch of batches) beOfEpoch(batch, writing.epoch);
  for (const table of tupleTableNames) {
    const tuples = batches.map((batch) => batch.tuples[table]).filter((bytes) => bytes !== null);
    if (tuples.length === 0) continue;
    if (!writing.careful) await copyInto(writing, table, tuples);
    else if (table === 'flow_pack') await writePacksOneByOne(writing, tuples);
    else await writeRowsOneByOne(writing, table, tuples);
  }
  await writeTraffic(writing, batches);
}

/** A reign may end, and the next of the same node begin, between decoding and commit. */
function beOfEpoch(batch: StagedRecords, epoch: number): void {
  if (batch.epoch === epoch) return;
  for (const table of tupleTableNames) {
    const bytes = batch.tuples[table];
    if (bytes) writeEpoch(bytes, epoch);
  }
  batch.epoch = epoch;
}
