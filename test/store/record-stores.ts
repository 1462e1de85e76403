import {
  PostgresLeaseStore,
  PostgresRecordReader,
  PostgresRecordStore,
  type PostgresOptions,
} from '@hotstandby/adapters/postgres';
import type { WriteGuard } from '@hotstandby/ports';
import type { Postgres } from '../parts/postgres.ts';
import { recordingLog, type RecordingLog } from '../parts/recording-log.ts';
import { claimAs } from '@hotstandby/testing/conformance';

export interface RecordStores {
  options: PostgresOptions;
  log: RecordingLog;
  lease: PostgresLeaseStore;
  store: PostgresRecordStore;
  reader: PostgresRecordReader;
  /** Of node a, which holds the lease. */
  guard: WriteGuard;
}

let schemas = 0;

/** The stores of records of one test, in a schema of their own. */
export async function openRecordStores(server: Postgres): Promise<RecordStores> {
  schemas += 1;
  const log = recordingLog();
  const options = {
    store: { url: server.url, schema: `records_${schemas}` },
    cluster: 'c',
    log,
    statementTimeoutMs: 5000,
  };
  const lease = new PostgresLeaseStore(options);
  const store = new PostgresRecordStore(options);
  await store.prepare();
  return { options, log, lease, store, reader: new PostgresRecordReader(options), guard: await claimAs(lease, 'a') };
}

export async function closeRecordStores({ lease, store, reader }: RecordStores): Promise<void> {
  await Promise.all([lease.close(), store.close(), reader.close()]);
}
