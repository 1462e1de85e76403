export type { MssqlOptions } from './options.ts';
export { MssqlHistory } from './mssql-history.ts';
export { MssqlLeaseStore } from './mssql-lease-store.ts';
export { MssqlLedgerReader } from './mssql-ledger-reader.ts';
export { MssqlRecordReader } from './mssql-record-reader.ts';
export { MssqlRecordStore } from './mssql-record-store.ts';
