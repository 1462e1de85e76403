import { MssqlLeaseStore } from '@hotstandby/adapters/mssql';
import type { LeaseStore } from '@hotstandby/ports';
import type { LeaseStoreHarness } from '@hotstandby/testing/conformance';
import { recordingLog } from '../parts/recording-log.ts';
import type { MssqlServer } from './mssql-server.ts';
import { startTcpProxy } from './tcp-proxy.ts';

const text = (value: string) => `N'${value.replaceAll("'", "''")}'`;
let schemas = 0;

/** The server's URL by way of a proxy; the certificate names the server, not the proxy. */
export function proxiedUrl(server: MssqlServer, host: string, proxyPort: number): string {
  const url = new URL(server.url);
  if (url.searchParams.get('encrypt') !== 'off' && !url.searchParams.has('hostNameInCertificate'))
    url.searchParams.set('hostNameInCertificate', host);
  url.host = `127.0.0.1:${proxyPort}`;
  return url.href;
}

/** A schema of its own in the database that is named; stalls and cuts are made between the client and the server. */
export async function mssqlHarness(server: MssqlServer): Promise<LeaseStoreHarness> {
  schemas += 1;
  const schema = `conformance_${process.pid}_${schemas}`;
  const [target] = server.address.hosts;
  if (!target) throw new Error('no host');
  const proxy = await startTcpProxy(target);
  const url = proxiedUrl(server, target.host, proxy.port);
  const stores: LeaseStore[] = [];
  const clients: { end(): void }[] = [];
  let halted = false;
  let guardedTable: Promise<unknown> | null = null;
  const connect = async () => {
    const client = await server.connect();
    clients.push(client);
    return client;
  };
  const start = async () => {
    if (halted) await proxy.refuse(false);
    halted = false;
  };

  return {
    open({ cluster = 'conformance', statementTimeoutMs = 2000 } = {}) {
      const { passwordFile, caFile } = server;
      const store = new MssqlLeaseStore({
        store: { url, schema, passwordFile, ...(caFile ? { caFile } : {}) },
        cluster,
        statementTimeoutMs,
        log: recordingLog(),
      });
      stores.push(store);
      return store;
    },
    freeze: () => proxy.freeze(),
    thaw: () => proxy.thaw(),
    stallConnections: async () => proxy.stallPresent(),
    breakConnections: async () => proxy.cutAll(),
    restarts: server.restart !== null,
    async restart() {
      server.restart?.();
      await start();
    },
    async halt() {
      halted = true;
      await proxy.refuse(true);
    },
    async setReadOnly(readOnly) {
      const name = `[${server.address.database.replaceAll(']', ']]')}]`;
      await server.sql(
        `USE master; ALTER DATABASE ${name} SET ${readOnly ? 'READ_ONLY' : 'READ_WRITE'} WITH ROLLBACK IMMEDIATE`,
      );
    },
    async makeSchemaNewer() {
      await server.sql(`INSERT INTO ${schema}.schema_version (version, name, needs) VALUES (9000, N'later', 9000)`);
    },
    async takeBackup() {
      const tables = ['reign', 'befailover', 'pause'];
      for (const table of tables) await server.sql(`SELECT * INTO ${schema}.${table}_backup FROM ${schema}.${table}`);
      return {
        async restore() {
          for (const table of tables) {
            await server.sql(
              `DELETE FROM ${schema}.${table}; INSERT INTO ${schema}.${table} SELECT * FROM ${schema}.${table}_backup`,
            );
          }
        },
      };
    },
    newTimeline: null,
    async holdNodeRow(nodeId) {
      const client = await connect();
      await client.run(
        `BEGIN TRANSACTION; UPDATE ${schema}.befailover SET lastcount = lastcount WHERE node_id = ${text(nodeId)}`,
      );
      return {
        async letGo() {
          await client.run('ROLLBACK TRANSACTION');
        },
      };
    },
    // What the record sinks of this dialect will do: the check, under a shared lock, in one message with the commit.
    async beginGuardedWrite({ epoch, incarnation }) {
      const client = await connect();
      guardedTable ??= client.run(`CREATE TABLE ${schema}.guarded (epoch bigint)`);
      await guardedTable;
      await client.run(`SET XACT_ABORT ON; BEGIN TRANSACTION; INSERT INTO ${schema}.guarded VALUES (${epoch})`);
      return {
        async finish() {
          const rows = await client.run(`DECLARE @held int = (SELECT COUNT(*) FROM ${schema}.reign WITH (REPEATABLEREAD)
            WHERE epoch = ${epoch} AND holder_incarnation = ${text(incarnation)});
            IF @held = 0 ROLLBACK TRANSACTION ELSE COMMIT TRANSACTION;
            SELECT @held AS held`);
          client.end();
          return Number(rows[0]?.['held']) === 1 ? 'written' : 'stale';
        },
      };
    },
    async guardedRows() {
      return Number((await server.sql(`SELECT COUNT(*) AS n FROM ${schema}.guarded`))[0]?.['n']);
    },
    async close() {
      proxy.thaw();
      await start();
      await Promise.all(stores.map((store) => store.close()));
      for (const client of clients) client.end();
      await proxy.close();
    },
  };
}
