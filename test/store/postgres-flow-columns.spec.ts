import { decodeFlowColumns, decodeFlows, FlowColumns, TemplateCache } from '@hotstandby/decoders';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { closeRecordStores, openRecordStores, type RecordStores } from './record-stores.ts';
import { batch, flow, put } from './records.ts';

let server: Postgres;
let stores: RecordStores;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  stores = await openRecordStores(server);
});
afterEach(() => closeRecordStores(stores));

/** NetFlow version 5 as an exporter sends it: three flows, the last with other interfaces. */
function netflow5(sampling = 0): Uint8Array {
  const bytes = new Uint8Array(24 + 3 * 48);
  const view = new DataView(bytes.buffer);
  const header = [5, 3];
  header.forEach((word, index) => view.setUint16(index * 2, word));
  view.setUint32(4, 600_000);
  view.setUint32(8, 1_700_000_000);
  view.setUint16(20, 258);
  view.setUint16(22, sampling);
  for (let flowIndex = 0; flowIndex < 3; flowIndex++) {
    const at = 24 + flowIndex * 48;
    [0xc0000201, 0xc6336402, 0xcb007101, (flowIndex >> 1) * 65_536 + 2, 3, 1400 + flowIndex].forEach((word, index) =>
      view.setUint32(at + index * 4, word),
    );
    view.setUint32(at + 24, 590_000);
    view.setUint32(at + 28, 599_000 + flowIndex);
    view.setUint16(at + 32, 50_000);
    view.setUint16(at + 34, 443);
    bytes.set([0, 0x1b, 6, 8, 0xfd, 0xe8, 0, 7, 24, 16], at + 36);
  }
  return bytes;
}

it('stores flows in columns as it stores the same flows as records', async () => {
  const { options, store, guard } = stores;
  const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
  const templates = new TemplateCache();
  const columns = new FlowColumns('flows');
  const records = [0, 0x4064].flatMap((sampling) => {
    expect(decodeFlowColumns(netflow5(sampling), context, templates, columns)).toBe(true);
    return decodeFlows(netflow5(sampling), context, templates).records;
  });
  expect(
    await put(store, guard, [
      batch(1, { columns, flows: [flow({ exporter: '192.0.2.77', sourceAddress: '2001:db8::1' })] }),
    ]),
  ).toEqual({
    outcome: 'stored',
    batches: 1,
    rows: 7,
  });
  const rows = `select to_jsonb(f) - 'id' - 'stored_at' as flow from ${options.store.schema}.flow_record f
    where exporter = '192.0.2.9' order by end_at, octets, extra::text`;
  const asColumns = await server.sql(rows);
  await server.sql(`truncate ${options.store.schema}.flow_record`);
  await put(store, guard, [batch(2, { flows: records })]);
  expect(asColumns).toHaveLength(6);
  expect(asColumns).toEqual(await server.sql(rows));
  expect(asColumns.some((row) => JSON.stringify(row).includes('samplingInterval'))).toBe(true);
  // Both are summed alike, too.
  expect(
    await server.sql(`select flows::int, octets::int, input_interface::int as input
      from ${options.store.schema}.traffic where exporter = '192.0.2.9' order by input_interface`),
  ).toEqual([
    { flows: 8, octets: 4 * (1400 + 1401), input: 0 },
    { flows: 4, octets: 4 * 1402, input: 1 },
  ]);
});

it('stores only the sums of flows when nothing else is wanted, but what could not be read', async () => {
  const { options, store, guard } = stores;
  const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
  const columns = new FlowColumns('sums');
  expect(decodeFlowColumns(netflow5(), context, new TemplateCache(), columns)).toBe(true);
  const bad = flow({ malformed: 'cut off', raw: Uint8Array.of(1, 2) });
  const flows = [flow({ octets: 7n }), flow({ octets: 8n, sourceAddress: '2001:db8::1' }), bad];
  expect(await put(store, guard, [batch(1, { columns, flows, sumsOnly: true })])).toMatchObject({ rows: 6 });
  expect(await server.sql(`select malformed from ${options.store.schema}.flow_record`)).toEqual([
    { malformed: 'cut off' },
  ]);
  expect(
    await server.sql(
      `select sum(octets)::int as n, sum(flows)::int as flows from ${options.store.schema}.conversations`,
    ),
  ).toEqual([{ n: 15 + 1400 + 1401 + 1402, flows: 5 }]);
});
