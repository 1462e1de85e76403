import { migrations, PostgresRecordReader, PostgresRecordStore } from '@hotstandby/adapters/postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recordingLog } from '../parts/recording-log.ts';
import { startPostgres, type Postgres } from '../parts/postgres.ts';

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

/** A store as the program that knew version 12 left it. */
async function makeVersion12(schema: string): Promise<void> {
  const steps = migrations.filter(({ version }) => version <= 12);
  const statements = [
    `create schema "${schema}" authorization hotstandby`,
    `set role hotstandby`,
    `create table "${schema}".schema_version (version integer primary key, name text not null, needs integer not null, applied_at timestamptz not null default clock_timestamp())`,
    ...steps.flatMap((step) => [
      ...step.statements(`"${schema}"`),
      `insert into "${schema}".schema_version (version, name, needs) values (${step.version}, '${step.name}', ${step.needs})`,
    ]),
    `insert into "${schema}".identity (store_id, cluster, format_version) values ('11111111-1111-4111-8111-111111111111', 'c', 1)`,
    `insert into "${schema}".reign (cluster) values ('c')`,
  ];
  await server.sql(statements.join(';\n'));
}

it('keeps the flows of a store of before, where packs come beside them', async () => {
  const schema = 'as it was';
  const s = `"${schema}"`;
  await makeVersion12(schema);
  const day = (offset: number) => new Date(Math.floor(Date.now() / 86_400_000 + offset) * 86_400_000);
  const name = (offset: number) => `flow_record_${day(offset).toISOString().slice(0, 10).replaceAll('-', '')}`;
  const partition = (
    offset: number,
  ) => `set role hotstandby; create table ${s}.${name(offset)} partition of ${s}.flow_record
      for values from ('${day(offset).toISOString()}') to ('${day(offset + 1).toISOString()}')`;
  for (const offset of [-9, 0]) await server.sql(partition(offset));
  const received = [`'2023-11-14T22:13:20Z'`, `'${day(-9).toISOString()}'`, 'now()'];
  await server.sql(`insert into ${s}.flow_record (epoch, received_at, exporter, version, source_address, octets, source_as, extra)
    select 3, received::timestamptz, '192.0.2.9', 9, '2001:db8::1', 7, 64496, '{"vlanId": 7}'
    from unnest(array[${received.join(', ')}]) received`);
  await server.sql(`insert into ${s}.conversations_part (minute, epoch, exporter, source_address, destination_address, protocol, port, flows, packets, octets)
    values ('2023-11-14T22:13:00Z', 3, '192.0.2.9', '10.0.0.1', '10.0.0.2', 6, 443, 3, 4, 5)`);
  const before = await server.sql(`select to_jsonb(f) as row from ${s}.flow_record f order by id`);
  const views = `select table_name, column_name, data_type from information_schema.columns
    where table_schema = '${schema}' and table_name in ('flow_record', 'conversations') order by table_name, ordinal_position`;
  const columnsBefore = await server.sql(views);

  const log = recordingLog();
  const options = { store: { url: server.url, schema }, cluster: 'c', log };
  const store = new PostgresRecordStore(options);
  const reader = new PostgresRecordReader(options);
  try {
    await store.prepare();
    expect(log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
    const after = await server.sql(`select to_jsonb(f) - 'position' as row from ${s}.flow_record f order by id`);
    expect(after).toEqual(before);
    const position = { table_name: 'flow_record', column_name: 'position', data_type: 'integer' };
    expect(await server.sql(views)).toEqual([...columnsBefore, position]);
    expect(await server.sql(`select flows::int, octets::int from ${s}.conversations`)).toEqual([
      { flows: 3, octets: 5 },
    ]);
    expect(await reader.counts()).toEqual({ syslog: 0, trap: 0, flow: 3 });
    // Days are dropped as before, and the next number of a flow is one that none has.
    const most = 1e12;
    await store.trim({ syslogMs: most, trapMs: most, flowMs: 3 * 86_400_000, minuteMs: most });
    expect(await reader.last('flow', 9)).toMatchObject([{ octets: 7, position: 1 }]);
    expect(await server.sql(`select to_regclass('${s}.${name(-9).replace('record', 'row')}') as there`)).toEqual([
      { there: null },
    ]);
    const [ids] = await server.sql(`select nextval('${s}.flow_record_id') > max(id) as ok from ${s}.flow_record`);
    expect(ids).toEqual({ ok: true });
    // A program of before is refused: it would copy into the view.
    expect(await server.sql(`select max(needs)::int as needs from ${s}.schema_version`)).toEqual([{ needs: 13 }]);
  } finally {
    await Promise.all([store.close(), reader.close()]);
  }
});
