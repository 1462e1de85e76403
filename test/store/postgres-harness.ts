import { PostgresLeaseStore } from '@hotstandby/adapters/postgres';
import type { LeaseStoreHarness } from '@hotstandby/testing/conformance';
import type { LeaseStore } from '@hotstandby/ports';
import { Client, escapeLiteral } from 'pg';
import type { Postgres } from '../parts/postgres.ts';
import { recordingLog } from '../parts/recording-log.ts';

let schemas = 0;

/** A schema of its own on one server for each test. */
export async function postgresHarness(server: Postgres): Promise<LeaseStoreHarness> {
  schemas += 1;
  const schema = `conformance_${schemas}`;
  const stores: LeaseStore[] = [];
  const clients: Client[] = [];
  let guardedTable: Promise<unknown> | null = null;
  const connect = async () => {
    const client = new Client({ connectionString: server.url });
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  };

  return {
    open({ cluster = 'conformance', statementTimeoutMs = 2000 } = {}) {
      const store = new PostgresLeaseStore({
        store: { url: server.url, schema },
        cluster,
        statementTimeoutMs,
        bindAddress: '127.0.0.11',
        log: recordingLog(),
      });
      stores.push(store);
      return store;
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    async stallConnections() {
      const rows = await server.sql(`select pid from pg_stat_activity where application_name = 'hotstandby lease'`);
      const pids = rows.map((row) => Number(row['pid']));
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      return {
        goOn() {
          for (const pid of pids) process.kill(pid, 'SIGCONT');
        },
      };
    },
    async breakConnections() {
      await server.sql(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'hotstandby lease'`,
      );
    },
    restart: () => server.restart(),
    halt: () => server.halt(),
    async setReadOnly(readOnly) {
      await server.sql(`alter role hotstandby set default_transaction_read_only = ${readOnly ? 'on' : 'off'}`);
      await server.sql(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hotstandby'`);
    },
    async makeSchemaNewer() {
      await server.sql(`insert into ${schema}.schema_version (version, name, needs) values (9000, 'later', 9000)`);
    },
    async takeBackup() {
      const tables = ['reign', 'befailover', 'pause'];
      for (const table of tables)
        await server.sql(`create table ${schema}.${table}_backup as table ${schema}.${table}`);
      return {
        async restore() {
          for (const table of tables) {
            await server.sql(
              `delete from ${schema}.${table}; insert into ${schema}.${table} table ${schema}.${table}_backup`,
            );
          }
        },
      };
    },
    newTimeline: () => server.promote(),
    async holdNodeRow(nodeId) {
      const client = await connect();
      await client.query('begin');
      await client.query(`select 1 from ${schema}.befailover where node_id = $1 for update`, [nodeId]);
      return {
        async letGo() {
          await client.query('rollback');
        },
      };
    },
    async beginGuardedWrite({ epoch, incarnation }) {
      const client = await connect();
      guardedTable ??= client.query(`create table ${schema}.guarded (epoch bigint)`);
      await guardedTable;
      await client.query('begin');
      await client.query(`insert into ${schema}.guarded values ($1)`, [epoch]);
      return {
        async finish() {
          try {
            await client.query(`select ${schema}.guard(${epoch}, ${escapeLiteral(incarnation)}); commit`);
            return 'written';
          } catch (error) {
            if ((error as { code?: string }).code !== 'HS001') throw error;
            return 'stale';
          } finally {
            await client.end();
          }
        },
      };
    },
    async guardedRows() {
      const rows = await server.sql(`select count(*)::int as n from ${schema}.guarded`);
      return Number(rows[0]?.['n']);
    },
    async close() {
      server.thaw();
      await Promise.all(stores.map((store) => store.close()));
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
    },
  };
}
