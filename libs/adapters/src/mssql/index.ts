export type { MssqlOptions } from './options.ts';
export { MssqlHistory } from './mssql-history.ts';
export { MssqlLeaseStore } from './mssql-lease-store.ts';
