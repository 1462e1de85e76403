import { decodeFlowColumns, decodeFlows, FlowColumns, TemplateCache, type FlowRecord } from '@hotstandby/decoders';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { PostgresLedgerReader } from '@hotstandby/adapters/postgres';
import { batch, flow, put } from '@hotstandby/testing/conformance';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { netflow5, randomFlows } from './flow-datagrams.ts';
import { closeRecordStores, openRecordStores, type RecordStores } from './record-stores.ts';

let server: Postgres;
let stores: RecordStores;
let s: string;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  stores = await openRecordStores(server);
  s = stores.options.store.schema;
});
afterEach(() => closeRecordStores(stores));

const rows = (where = 'true') =>
  server.sql(
    `select to_jsonb(f) - 'id' - 'position' - 'stored_at' as row from ${s}.flow_record f where ${where} order by 1`,
  );
const plan = async (query: string) =>
  (await server.sql(`explain (analyze, costs off, timing off, summary off) ${query}`))
    .map((line) => String(line['QUERY PLAN']))
    .join('\n');
/** Packs that a plan read, of all partitions. */
const packsRead = (text: string) =>
  [...text.matchAll(/on flow_pack_\S+ p_?\d* \(actual rows=(\d+)/g)].reduce((sum, [, read]) => sum + Number(read), 0);

it('shows flows of packs as it shows the same flows as rows, of any template and any octets', async () => {
  const { store, guard } = stores;
  const seed = Number(process.env['FLOW_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`FLOW_SEED=${seed}`);
  const records: FlowRecord[] = [];
  const columns = new FlowColumns('flows');
  for (const { datagram, context, templates } of randomFlows(seed, 500)) {
    if (!decodeFlowColumns(datagram, context, templates, columns)) continue;
    records.push(...decodeFlows(datagram, context, templates).records);
  }
  const inColumns = columns.count;
  expect(inColumns).toBeGreaterThan(500);
  expect(await put(store, guard, [batch(1, { columns })])).toMatchObject({ rows: inColumns });
  const ofPacks = await rows();
  expect(ofPacks).toHaveLength(inColumns);
  // Those that have fewer than three neighbours are rows.
  const [few] = await server.sql(
    `select (select count(*) from ${s}.flow_row)::int as rows, min(flows) as least, max(flows) as most from ${s}.flow_pack`,
  );
  expect(Number(few?.['least'])).toBeGreaterThanOrEqual(3);
  expect(Number(few?.['most'])).toBeLessThanOrEqual(90);
  expect(Number(few?.['most'])).toBeGreaterThan(60);
  expect(Number(few?.['rows'])).toBeGreaterThan(0);
  expect(Number(few?.['rows'])).toBeLessThan(100);
  // Each is in its page, with all that it holds.
  expect(
    await server.sql(`select sum(pg_relation_size(c.reltoastrelid))::int as elsewhere, max(pg_column_size(p.*)) < 8160 as fits
      from ${s}.flow_pack p join pg_class c on c.oid = p.tableoid`),
  ).toEqual([{ elsewhere: 0, fits: true }]);
  const conversations = `select count(*)::int as n, sum(flows)::int as flows, sum(octets) as octets, sum(packets) as packets,
    sum(port)::int as ports, min(source_address) as source, max(destination_address) as destination from ${s}.conversations`;
  const summed = await server.sql(conversations);
  await server.sql(`truncate ${s}.flow_pack, ${s}.flow_row, ${s}.conversations_pack, ${s}.conversations_part`);
  await put(store, guard, [batch(2, { flows: records })]);
  expect(await rows()).toEqual(ofPacks);
  expect(await server.sql(conversations)).toEqual(summed);
});

it('finds the newest flows, and those of a time, without reading all packs', async () => {
  const { store, reader, guard } = stores;
  const untilMs = Date.now();
  const context = (receivedAtMs: number) => ({ sourceAddress: '192.0.2.9', receivedAtMs });
  const packs = 1500;
  const columns = new FlowColumns('flows');
  for (let pack = 0; pack < packs; pack += 1)
    decodeFlowColumns(netflow5(pack), context(untilMs - (packs - pack) * 20), new TemplateCache(), columns);
  await put(store, guard, [batch(1, { columns, flows: [flow({ receivedAtMs: untilMs - 10 })] })]);

  const newest = await plan(
    `select * from ${s}.flow_record order by received_at desc, id desc, position desc limit 100`,
  );
  expect(newest).toContain('Merge Append');
  expect(packsRead(newest), newest).toBeLessThan(60);
  expect(packsRead(newest), newest).toBeGreaterThan(30);
  const range = `received_at >= to_timestamp(${(untilMs - 2000) / 1000}) and received_at < to_timestamp(${(untilMs - 1000) / 1000})`;
  for (const query of [
    `select count(*) from ${s}.flow_record where ${range}`,
    `select * from ${s}.flow_record where ${range} and source_address = '10.0.0.1'`,
  ]) {
    const text = await plan(query);
    expect(packsRead(text), text).toBe(50);
  }
  expect(await server.sql(`select count(*)::int as n from ${s}.flow_record where ${range}`)).toEqual([{ n: 150 }]);

  // In an order that leaves nothing to chance.
  const last = await reader.last('flow', 4);
  expect(last.map((row) => [row['version'], row['position']])).toEqual([[9, 1], [5, 3], [5, 2], [5, 1]]); // prettier-ignore
  expect(last[1]).toMatchObject({
    source_address: '10.0.0.2',
    packets: packs + 1,
    protocol: 6,
    tos: 8,
    malformed: null,
  });
  expect((await reader.counts()).flow).toBe(packs * 3 + 1);
  const ledgerReader = new PostgresLedgerReader(stores.options);
  try {
    const counts = await ledgerReader.counts(untilMs - 3_600_000, untilMs + 1);
    expect(counts.reduce((sum, { rows: stored }) => sum + stored, 0)).toBe(packs * 3 + 1);
  } finally {
    await ledgerReader.close();
  }
  // Beyond a million the planner is asked.
  await server.sql(
    `update pg_class set reltuples = 500000 where relname = 'flow_pack_rest' and relnamespace = '${s}'::regnamespace`,
  );
  expect((await reader.counts()).flow).toBe(1_500_000);
});

it('stores the flows of a pack one by one when the database refuses one of them, and that one in words', async () => {
  const { store, reader, log, guard } = stores;
  const columns = new FlowColumns('flows');
  for (const first of [1, 3]) {
    const context = { sourceAddress: '192.0.2.9', receivedAtMs: Date.now() - first };
    decodeFlowColumns(netflow5(first), context, new TemplateCache(), columns);
  }
  await server.sql(`alter table ${s}.flow_pack add constraint not_five check (not (5 = any (packets)))`);
  expect(await put(store, guard, [batch(1, { columns })])).toMatchObject({ outcome: 'stored', rows: 6 });
  const stored = await reader.last('flow', 9);
  const packets = stored.map((row) => row['packets']);
  expect(packets.filter((value) => value !== null).toSorted()).toEqual([1, 2, 3, 3, 4]);
  expect(packets).toHaveLength(6);
  const altered = stored.flatMap((row) => (row['altered'] === null ? [] : [row['altered']]));
  expect(altered).toHaveLength(1);
  expect(altered[0]).toMatch(/^the store refused the row: .*not_five.*"packets":"0000000000000005"/);
  expect(log.lines.filter(({ message }) => message.includes('row by row'))).toHaveLength(1);
  expect(await server.sql(`select sum(flows)::int as flows from ${s}.conversations`)).toEqual([{ flows: 6 }]);
});

it('makes partitions of packs with what keeps a pack in its page', async () => {
  const [made] = await server.sql(`select array_agg(distinct c.reloptions::text) as options,
      count(*)::int as partitions,
      (select array_agg(distinct a.attstorage::text || coalesce(a.attstattarget, -1)) from pg_attribute a join pg_inherits h on h.inhrelid = a.attrelid
        where h.inhparent = '${s}.flow_pack'::regclass and a.attname in ('source_address', 'end_at', 'destination_prefix')) as arrays
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = '${s}.flow_pack'::regclass`);
  expect(made).toEqual({ options: ['{toast_tuple_target=8160}'], partitions: 6, arrays: ['p0'] });
});
