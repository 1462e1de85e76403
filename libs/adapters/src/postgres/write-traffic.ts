import { setImmediate } from 'node:timers/promises';
import { TrafficSums } from '@hotstandby/core/traffic';
import { copyTuples } from './copy/copy-tuples.ts';
import type { Session } from './session.ts';
import type { StagedRecords } from './staged-records.ts';
import { trafficColumns, trafficTableNames, trafficTuples, type TrafficTable } from './traffic-tuples.ts';

/** The flows of a transaction summed by minute, as rows of its own: nothing that is there is changed. */
export async function writeTraffic(
  { session, timeoutMs, schema, epoch }: { session: Session; timeoutMs: number; schema: string; epoch: number },
  batches: readonly StagedRecords[],
): Promise<void> {
  const gathered = new Set(batches.map((batch) => batch.gathered).filter((some) => some !== null));
  const all = [...gathered].map(({ sums }) => sums);
  const summed = await summedOf(batches);
  if (summed) all.push(summed);
  if (all.every(({ size }) => size === 0)) return;
  for (const table of trafficTableNames) {
    const tuples = tuplesOf(table, epoch, all);
    const first = tuples.next();
    // Mostly all conversations are in packs.
    if (first.done) continue;
    const both = function* () {
      yield first.value;
      yield* tuples;
    };
    await copyTuples(session, timeoutMs, `${schema}.${table}`, trafficColumns[table], both());
  }
}

function* tuplesOf(table: TrafficTable, epoch: number, all: readonly TrafficSums[]): Generator<Buffer, void> {
  for (const sums of all) yield* trafficTuples(table, epoch, sums);
}

/** Of those that were not gathered; null: there are none. */
async function summedOf(batches: readonly StagedRecords[]): Promise<TrafficSums | null> {
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
