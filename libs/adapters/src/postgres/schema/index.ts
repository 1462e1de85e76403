import { comparedNodes } from './compared-nodes.ts';
import { conversationPacks } from './conversation-packs.ts';
import { enterInOrder } from './enter.ts';
import { flowColumns } from './flow-columns.ts';
import { flowPacks } from './flow-packs.ts';
import { leaseFunctions } from './lease-functions.ts';
import { leaseStatements } from './lease-statements.ts';
import { leaseTables } from './lease-tables.ts';
import { deliveredByName, ledgerTables } from './ledger-tables.ts';
import type { Migration } from './migration.ts';
import { outboxTables } from './outbox-tables.ts';
import { pauseTable } from './pause.ts';
import { describedRecords, partitionedRecords } from './partitions.ts';
import { quickBeats } from './quick-beats.ts';
import { recordTables } from './record-tables.ts';
import { sharedDeliveries } from './shared-deliveries.ts';
import { timelineColumns } from './timeline.ts';
import { trafficTables } from './traffic-tables.ts';

export type { Migration };

/** In order; versions count from 1 without gaps. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'lease', needs: 1, statements: (s) => [...leaseTables(s), ...leaseFunctions(s)] },
  { version: 2, name: 'records', needs: 1, statements: recordTables },
  { version: 3, name: 'outbox', needs: 1, statements: outboxTables },
  { version: 4, name: 'pause', needs: 1, statements: pauseTable },
  // A program that knows less would claim without saying under which timeline.
  { version: 5, name: 'timeline', needs: 5, statements: (s) => [...timelineColumns(s), ...leaseStatements(s)] },
  // A program that knows less would store without telling the ledger, and the next tenure would store it again.
  { version: 6, name: 'ledger', needs: 6, statements: ledgerTables },
  { version: 7, name: 'messages by name', needs: 7, statements: deliveredByName },
  // A program that knows less settles in each replica by itself.
  { version: 8, name: 'shared deliveries', needs: 8, statements: sharedDeliveries },
  { version: 9, name: 'enter in order', needs: 8, statements: enterInOrder },
  // A program that knows less would trim by the places of rows, which are not one table's any more.
  {
    version: 10,
    name: 'partitions by day',
    needs: 10,
    statements: (s) => [...partitionedRecords(s), ...describedRecords(s), ...trafficTables(s)],
  },
  // A program that knows less puts these into `extra`, where they were.
  { version: 11, name: 'flow columns', needs: 10, statements: flowColumns },
  // A program that knows less would claim by a counter that the server may have forgotten since.
  { version: 12, name: 'quick beats', needs: 12, statements: quickBeats },
  // A program that knows less would copy flows into what is a view now.
  {
    version: 13,
    name: 'flows in packs',
    needs: 13,
    statements: (s) => [...flowPacks(s), ...conversationPacks(s)],
  },
  { version: 14, name: 'compared nodes', needs: 13, statements: comparedNodes },
];

/** What this program knows. */
export const knownVersion = migrations.length;
