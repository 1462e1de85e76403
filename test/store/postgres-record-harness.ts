import {
  PostgresLeaseStore,
  PostgresLedgerReader,
  PostgresRecordReader,
  PostgresRecordStore,
} from '@hotstandby/adapters/postgres';
import type { RecordStoreHarness } from '@hotstandby/testing/conformance';
import type { Postgres } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';

let schemas = 0;

/** A schema of its own on one server for each test. */
export async function postgresRecordHarness(server: Postgres): Promise<RecordStoreHarness> {
  schemas += 1;
  const log = recordingLog();
  const schema = `record_conformance_${schemas}`;
  const options = { store: { url: server.url, schema }, cluster: 'c', log, statementTimeoutMs: 5000 };
  const lease = new PostgresLeaseStore(options);
  const reader = new PostgresRecordReader(options);
  const ledgerReader = new PostgresLedgerReader(options);
  const closing: { close(): Promise<void> }[] = [lease, reader, ledgerReader];
  return {
    lease,
    reader,
    ledgerReader,
    open(different = {}) {
      const store = new PostgresRecordStore({ ...options, ...different });
      closing.push(store);
      return store;
    },
    warnings: () => log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
    async sums(view) {
      const rows = await server.sql(`select to_jsonb(t) as row from ${schema}.${view} t`);
      return rows.map((found) => {
        const row = found['row'] as Record<string, unknown>;
        return { ...row, minute: Date.parse(String(row['minute'])) };
      });
    },
    async refuseMessage(constraint, message) {
      await server.sql(
        `alter table ${schema}.syslog_message add constraint ${constraint} check (message <> '${message}')`,
      );
    },
    async ageTurns(seconds) {
      await server.sql(`update ${schema}.delivery_replay set renewed_at = renewed_at - interval '${seconds} s'`);
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    interrupt: () => server.restart(),
    async close() {
      await Promise.all(closing.map((one) => one.close()));
    },
  };
}
