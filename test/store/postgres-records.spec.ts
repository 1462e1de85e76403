import { batch, flow, put, recordStoreConformance, syslog, trap } from '@hotstandby/testing/conformance';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { postgresRecordHarness } from './postgres-record-harness.ts';
import { closeRecordStores, openRecordStores } from './record-stores.ts';

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

recordStoreConformance('PostgreSQL', () => postgresRecordHarness(server));

it('stores every kind as a person can query it', async () => {
  const stores = await openRecordStores(server);
  const { options, store, guard } = stores;
  const rows = { syslog: [syslog('hello')], traps: [trap()], flows: [flow()] };
  expect(await put(store, guard, [batch(1, rows)])).toEqual({ outcome: 'stored', batches: 1, rows: 3 });
  const s = options.store.schema;
  expect(
    await server.sql(`select epoch, host(source_address) as source, severity, hostname, message, structured_data,
      received_at = to_timestamp(1700000000.123) as received, altered from ${s}.syslog_message`),
  ).toEqual([
    {
      epoch: '1',
      source: '192.0.2.1',
      severity: 4,
      hostname: 'router1',
      message: 'hello',
      structured_data: { 'x@1': { a: 'b', list: ['c', 'd'] } },
      received: true,
      altered: null,
    },
  ]);
  expect(await server.sql(`select trap_oid, varbinds->0->>'oid' as oid, uptime_ticks from ${s}.snmp_trap`)).toEqual([
    { trap_oid: '1.3.6.1.6.3.1.1.5.3', oid: '1.3.6.1.2.1.2.2.1.1', uptime_ticks: '4294967295' },
  ]);
  expect(
    await server.sql(
      `select octets, packets, protocol, source_address << '192.0.2.0/24' as inside from ${s}.flow_record`,
    ),
  ).toEqual([{ octets: '9223372036854775807', packets: '7', protocol: 17, inside: true }]);
  await closeRecordStores(stores);
});
