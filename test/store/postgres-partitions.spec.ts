import { PostgresRecordStore } from '@hotstandby/adapters/postgres';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { eventually } from '../parts/eventually.ts';
import { closeRecordStores, openRecordStores, type RecordStores } from './record-stores.ts';
import { batch, flow, put, syslog, trap } from '@hotstandby/testing/conformance';

let server: Postgres;
let stores: RecordStores;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  stores = await openRecordStores(server);
});
afterEach(async () => {
  server.thaw();
  await closeRecordStores(stores);
});

it('drops the days that are older than the retention, each kind by its own, and nothing else', async () => {
  const { options, store, reader, guard } = stores;
  const s = options.store.schema;
  const daysAgo = (days: number) => Date.now() - days * 86_400_000;
  const rows = (days: number) => ({
    syslog: [syslog(`${days} days old`, { receivedAtMs: daysAgo(days) })],
    traps: [trap({ receivedAtMs: daysAgo(days) })],
    flows: [flow({ receivedAtMs: daysAgo(days) })],
  });
  // A partition of a day that was made ahead of its time, long ago.
  const day = new Date(daysAgo(9)).toISOString().slice(0, 10);
  for (const table of ['syslog_message', 'traffic_part']) {
    const name = `${s}.${table}_${day.replaceAll('-', '')}`;
    await server.sql(
      `create table ${name} partition of ${s}.${table} for values from ('${day}T00:00:00Z') to ('${day}T23:59:59.999999Z')`,
    );
  }
  await put(
    store,
    guard,
    [0, 1, 5, 9].map((days) => batch(days, rows(days))),
  );
  const days = 86_400_000;
  await store.trim({ syslogMs: 3 * days, trapMs: 7 * days, flowMs: 30 * days, minuteMs: 3 * days });
  expect((await reader.last('syslog', 9)).map((row) => row['message'])).toEqual(['0 days old', '1 days old']);
  expect(await reader.counts()).toEqual({ syslog: 2, trap: 3, flow: 4 });
  expect(await server.sql(`select sum(flows)::int as n from ${s}.traffic`)).toEqual([{ n: 2 }]);
  const partitions = await server.sql(
    `select count(*)::int as n from pg_class where relname = 'syslog_message_${day.replaceAll('-', '')}'`,
  );
  expect(partitions).toEqual([{ n: 0 }]);
  expect(await put(store, guard, [batch(5, rows(5))])).toMatchObject({ batches: 0 });
});

it('keeps rows by day, in partitions that are there before their day', async () => {
  const { options, log, store, guard } = stores;
  const s = options.store.schema;
  await put(store, guard, [
    batch(1, { syslog: [syslog('now', { receivedAtMs: Date.now() })], traps: [trap({ receivedAtMs: 5 })] }),
  ]);
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const places = await server.sql(`select tableoid::regclass::text as place from ${s}.syslog_message
    union all select tableoid::regclass::text from ${s}.snmp_trap`);
  expect(places.map(({ place }) => place)).toEqual([`${s}.syslog_message_${today}`, `${s}.snmp_trap_rest`]);
  const made = await server.sql(
    `select count(*)::int as n from pg_inherits where inhparent = '${s}.flow_pack'::regclass`,
  );
  expect(made).toEqual([{ n: 6 }]);
  // Many processes may do it at once, and rows that came for a day before its partition are moved into it.
  await server.sql(`drop table ${s}.syslog_message_${today}, ${s}.flow_row_${today}`);
  await put(store, guard, [batch(2, { syslog: [syslog('without a partition', { receivedAtMs: Date.now() })] })]);
  const others = [1, 2, 3].map(() => new PostgresRecordStore(options));
  await Promise.all(others.map((other) => other.prepare()));
  await Promise.all(others.map((other) => other.close()));
  expect(log.lines.filter(({ message }) => message.includes('partitions'))).toEqual([]);
  expect(await server.sql(`select tableoid::regclass::text as place from ${s}.syslog_message`)).toEqual([
    { place: `${s}.syslog_message_${today}` },
  ]);
});

it('stores rows as they are whose partition is made while they are on their way to the rest', async () => {
  const { options, log, store, reader, guard } = stores;
  const s = options.store.schema;
  const receivedAtMs = Date.now();
  const [from, to] = [0, 86_400_000].map((ms) => new Date(Math.floor(receivedAtMs / 86_400_000) * 86_400_000 + ms));
  const part = `${s}.syslog_message_${from?.toISOString().slice(0, 10).replaceAll('-', '')}`;
  // As in the first seconds of a new store, or of a day that nobody made a partition for.
  await server.sql(`drop table ${part}`);
  const other = new Client({ connectionString: server.url });
  await other.connect();
  try {
    await other.query(`begin; lock table ${s}.syslog_message_rest in access exclusive mode`);
    const stored = put(store, guard, [
      batch(1, { syslog: [syslog('one', { receivedAtMs }), syslog('two', { receivedAtMs })] }),
    ]);
    await eventually(
      async () => {
        const waiting = `select 1 from pg_locks where relation = '${s}.syslog_message_rest'::regclass and not granted`;
        return (await server.sql(waiting)).length > 0;
      },
      10_000,
      'rows that wait for the rest',
    );
    await other.query(`create table ${part} (like ${s}.syslog_message including defaults)`);
    await other.query(
      `alter table ${s}.syslog_message attach partition ${part} for values from ('${from?.toISOString()}') to ('${to?.toISOString()}'); commit`,
    );
    expect(await stored).toMatchObject({ outcome: 'stored', rows: 2 });
  } finally {
    await other.end();
  }
  expect(await reader.last('syslog', 9)).toMatchObject([
    { message: 'two', malformed: null, altered: null },
    { message: 'one' },
  ]);
  expect(await server.sql(`select count(*)::int as n from ${part}`)).toEqual([{ n: 2 }]);
  expect(log.lines.filter(({ message }) => message.includes('row by row'))).toEqual([]);
});
