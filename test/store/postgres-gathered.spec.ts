import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { GatheredSums, RecordBatch, StagedBatch } from '@hotstandby/ports';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { closeRecordStores, openRecordStores, type RecordStores } from './record-stores.ts';
import { batch, flow, put, syslog } from '@hotstandby/testing/conformance';

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

const summed = (sequence: number, octets: number, rows: Partial<RecordBatch> = {}): RecordBatch => {
  const entry = { digest: BigInt(sequence), receivedAtMs: 1_700_000_000_000 + sequence };
  const ledger = { clockAheadMs: 0, nodeId: 'id-a', stored: [entry], settled: [] };
  return { ...batch(sequence, { flows: [flow({ octets: BigInt(octets) })], sumsOnly: true, ...rows }), ledger };
};

/** Stages them and adds their flows up. */
function gathered(batches: RecordBatch[]): StagedBatch[] {
  const { store, guard } = stores;
  let sums: GatheredSums | null = null;
  const staged = batches.map((one) => store.stage(one, guard.epoch));
  for (const one of staged) sums = store.gather(one, sums);
  expect(sums).toMatchObject({ flows: batches.length, rows: 1 });
  return staged;
}

const totals = () =>
  server.sql(`select flows::int, octets::int from ${stores.options.store.schema}.conversations order by octets`);
const marks = async () =>
  (await server.sql(`select message_id from ${stores.options.store.schema}.delivered_frame order by 1`)).map(
    (row) => row['message_id'],
  );

it('stores what was gathered as one sum, with the marks and the ledger of every message', async () => {
  const { store, guard } = stores;
  const others = [syslog('beside')];
  const staged = gathered([summed(1, 100), summed(2, 20, { syslog: others }), summed(3, 3)]);
  expect(await store.store(guard, staged)).toEqual({ outcome: 'stored', batches: 3, rows: 4 });
  expect(await totals()).toEqual([{ flows: 3, octets: 123 }]);
  expect(await server.sql(`select count(*)::int as n from ${stores.options.store.schema}.conversations_part`)).toEqual([
    { n: 1 },
  ]);
  expect(await marks()).toEqual(['s-1', 's-2', 's-3']);
  const ledger = await store.ledger(guard.epoch + 1, 0, 0);
  expect(ledger.stored.map(({ digest, receivedAtMs }) => [Number(digest), receivedAtMs - 1_700_000_000_000])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

it('stores nothing of it when one of the messages is stored already, and says which', async () => {
  const { store, guard } = stores;
  await put(store, guard, [summed(2, 20)]);
  const staged = gathered([summed(1, 100), summed(2, 20, { syslog: [syslog('beside')] }), summed(3, 3)]);
  expect(await store.store(guard, staged)).toEqual({ outcome: 'known', messageIds: new Set(['s-2']) });
  expect(await totals()).toEqual([{ flows: 1, octets: 20 }]);
  expect(await marks()).toEqual(['s-2']);
  expect(await server.sql(`select count(*)::int as n from ${stores.options.store.schema}.syslog_message`)).toEqual([
    { n: 0 },
  ]);
  // Without it, as they come again.
  expect(await store.store(guard, gathered([summed(1, 100), summed(3, 3)]))).toMatchObject({ outcome: 'stored' });
  expect(await totals()).toEqual([{ flows: 3, octets: 123 }]);
  // An answer that was lost: all of them are known.
  const again = await store.store(guard, gathered([summed(1, 100), summed(3, 3)]));
  expect(again).toEqual({ outcome: 'known', messageIds: new Set(['s-1', 's-3']) });
});

it('keeps what nearly every exporter sends in columns, and what these cannot hold in `extra`', async () => {
  const { options, store, guard } = stores;
  const extra = {
    ipNextHopIPv4Address: '192.0.2.254',
    bgpSourceAsNumber: 64_496,
    bgpDestinationAsNumber: '18446744073709551615',
    sourceIPv4PrefixLength: 24,
    vlanId: 7,
  };
  await put(store, guard, [batch(1, { flows: [flow({ extra }), flow({ extra: { bgpSourceAsNumber: 1 } })] })]);
  expect(
    await server.sql(`select host(next_hop) as hop, source_as::int as source, destination_as::int as destination,
        source_prefix::int as prefix, extra, altered from ${options.store.schema}.flow_record order by id`),
  ).toEqual([
    {
      hop: '192.0.2.254',
      source: 64_496,
      destination: null,
      prefix: 24,
      extra: { bgpDestinationAsNumber: '18446744073709551615', vlanId: 7 },
      altered: null,
    },
    { hop: null, source: 1, destination: null, prefix: null, extra: null, altered: null },
  ]);
});
