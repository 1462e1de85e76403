export type { PostgresOptions } from './options.ts';
export { PostgresLeaseStore } from './postgres-lease-store.ts';
export { PostgresHistory } from './postgres-history.ts';
