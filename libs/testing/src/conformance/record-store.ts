import { describe } from 'vitest';
import { worldForEachTest, type MakeRecordHarness } from './record-harness.ts';
import { flowCases } from './record-store-flows.ts';
import { ledgerCases } from './record-store-ledger.ts';
import { rowCases } from './record-store-rows.ts';

/** Every store of records keeps to this. */
export function recordStoreConformance(name: string, make: MakeRecordHarness): void {
  describe(`record store on ${name}`, () => {
    const world = worldForEachTest(make);
    rowCases(world);
    ledgerCases(world);
    flowCases(world);
  });
}
