export type { PostgresOptions } from './options.ts';
export { PostgresLeaseStore } from './postgres-lease-store.ts';
export { PostgresHistory } from './postgres-history.ts';
export { PostgresRecordStore } from './postgres-record-store.ts';
export { PostgresLedgerReader } from './postgres-ledger-reader.ts';
export { PostgresRecordReader } from './postgres-record-reader.ts';
export { PostgresOutbox } from './postgres-outbox.ts';
export { migrations, type Migration } from './schema/index.ts';
