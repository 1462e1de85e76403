import { readStoreUrl, type NodeConfig } from '@hotstandby/config';
import {
  StoreError,
  type History,
  type LeaseStore,
  type LedgerReader,
  type Logger,
  type RecordReader,
  type RecordStore,
} from '@hotstandby/ports';

/** What either kind of store is opened with; see the options of `postgres` and `mssql`. */
export interface StoreOptions {
  store: NodeConfig['store'];
  cluster: string;
  log: Logger;
  statementTimeoutMs?: number;
  connectTimeoutMs?: number;
  bindAddress?: string;
  applicationName?: string;
}

type Closing<Part> = Part & { close(): Promise<void> };

/**
 * The one place that chooses by the scheme of `store.url`. A driver is loaded only when it is the one: a node whose store is
 * PostgreSQL never pays for the other's. Nothing is opened before the first use.
 */
export async function openLeaseStore(options: StoreOptions): Promise<LeaseStore> {
  if (kindOf(options) === 'mssql') return new (await import('../mssql/index.ts')).MssqlLeaseStore(options);
  return new (await import('../postgres/index.ts')).PostgresLeaseStore(options);
}

export async function openHistory(options: StoreOptions): Promise<Closing<History>> {
  if (kindOf(options) === 'mssql') return new (await import('../mssql/index.ts')).MssqlHistory(options);
  return new (await import('../postgres/index.ts')).PostgresHistory(options);
}

export async function openRecordStore(options: StoreOptions): Promise<RecordStore> {
  if (kindOf(options) === 'mssql') return new (await import('../mssql/index.ts')).MssqlRecordStore(options);
  return new (await import('../postgres/index.ts')).PostgresRecordStore(options);
}

export async function openRecordReader(options: StoreOptions): Promise<Closing<RecordReader>> {
  if (kindOf(options) === 'mssql') return new (await import('../mssql/index.ts')).MssqlRecordReader(options);
  return new (await import('../postgres/index.ts')).PostgresRecordReader(options);
}

export async function openLedgerReader(options: StoreOptions): Promise<LedgerReader> {
  if (kindOf(options) === 'mssql') return new (await import('../mssql/index.ts')).MssqlLedgerReader(options);
  return new (await import('../postgres/index.ts')).PostgresLedgerReader(options);
}

function kindOf({ store }: StoreOptions): 'postgresql' | 'mssql' {
  const read = readStoreUrl(store.url);
  if ('fault' in read)
    throw new StoreError('refused', `store.url: expected ${read.fault.expected}, got ${read.fault.got}`);
  return read.address.kind;
}
