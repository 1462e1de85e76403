import { MssqlLeaseStore, MssqlLedgerReader, MssqlRecordReader, MssqlRecordStore } from '@hotstandby/adapters/mssql';
import type { RecordStoreHarness } from '@hotstandby/testing/conformance';
import { recordingLog } from '../parts/recording-log.ts';
import { proxiedUrl } from './mssql-harness.ts';
import type { MssqlServer } from './mssql-server.ts';
import { startTcpProxy } from './tcp-proxy.ts';

let schemas = 0;

/** A schema of its own in the database that is named; stalls and cuts are made between the client and the server. */
export async function mssqlRecordHarness(server: MssqlServer): Promise<RecordStoreHarness> {
  schemas += 1;
  const log = recordingLog();
  const schema = `record_conformance_${process.pid}_${schemas}`;
  const [target] = server.address.hosts;
  if (!target) throw new Error('no host');
  const proxy = await startTcpProxy(target);
  const { passwordFile, caFile } = server;
  const options = {
    store: { url: proxiedUrl(server, target.host, proxy.port), schema, passwordFile, ...(caFile ? { caFile } : {}) },
    cluster: 'c',
    log,
    statementTimeoutMs: 5000,
  };
  const lease = new MssqlLeaseStore(options);
  const reader = new MssqlRecordReader(options);
  const ledgerReader = new MssqlLedgerReader(options);
  const closing: { close(): Promise<void> }[] = [lease, reader, ledgerReader];
  const addresses = new Set(['exporter', 'source_address', 'destination_address']);
  return {
    lease,
    reader,
    ledgerReader,
    open(different = {}) {
      const store = new MssqlRecordStore({ ...options, ...different });
      closing.push(store);
      return store;
    },
    warnings: () => log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
    async sums(view) {
      const rows = await server.sql(`SELECT * FROM ${schema}.${view}`);
      const read = (name: string, value: unknown) => (addresses.has(name) ? value : Number(value));
      return rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, read(name, value)])),
      );
    },
    async refuseMessage(constraint, message) {
      await server.sql(
        `ALTER TABLE ${schema}.syslog_message ADD CONSTRAINT ${constraint} CHECK ([message] <> N'${message}')`,
      );
    },
    async ageTurns(seconds) {
      await server.sql(`UPDATE ${schema}.delivery_replay SET renewed_at = DATEADD(second, -${seconds}, renewed_at)`);
    },
    freeze: () => proxy.freeze(),
    thaw: () => proxy.thaw(),
    async interrupt() {
      server.restart?.();
      proxy.cutAll();
    },
    async close() {
      await Promise.all(closing.map((one) => one.close()));
      await proxy.close();
    },
  };
}
