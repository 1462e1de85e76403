import { PostgresRecordStore } from '@hotstandby/adapters/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../parts/postgres.ts';
import { closeRecordStores, openRecordStores, type RecordStores } from './record-stores.ts';
import { at, batch, flow, oddValues, put, syslog, trap } from './records.ts';
import { claimAs } from './reign.ts';

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

it('keeps a ledger with the rows, as the tenures after it need it', async () => {
  const { lease, store, guard } = stores;
  const first = { clockAheadMs: null, nodeId: 'id-a', stored: [at(1000), at(2000)], settled: [] };
  await put(store, guard, [
    batch(1, { ledger: first }),
    batch(2, { ledger: { clockAheadMs: null, nodeId: 'id-a', stored: [at(3000)], settled: [] } }),
  ]);
  // The same message again says nothing new, and neither does a writer whose reign is over.
  await put(store, guard, [batch(1, { ledger: first })]);
  const second = await claimAs(lease, 'b');
  expect(await put(store, guard, [batch(3, { ledger: first })])).toEqual({ outcome: 'stale' });
  await put(store, second, [
    batch(1, { ledger: { clockAheadMs: null, nodeId: 'id-a', stored: [at(4000)], settled: [at(2001)] } }, 'of b'),
  ]);

  expect(await store.ledger(second.epoch, 0, 0)).toEqual({
    stored: [at(1000), at(2000), at(3000)],
    settled: [at(2001)],
  });
  expect(await store.ledger(second.epoch, 2000, 0)).toEqual({ stored: [at(2000), at(3000)], settled: [at(2001)] });
  expect((await store.ledger(second.epoch + 1, 0, 0)).stored).toEqual([at(1000), at(2000), at(3000), at(4000)]);
});

it('translates the times of a writer whose clock was another one, by the clock of the store that both know', async () => {
  const { store, guard } = stores;
  const now = 1_700_000_000_000;
  const ahead = (clockAheadMs: number | null, sequence: number) =>
    batch(sequence, { ledger: { clockAheadMs, nodeId: 'id-a', stored: [at(now, BigInt(sequence))], settled: [] } });
  await put(store, guard, [ahead(60_000, 1)]);
  await put(store, guard, [ahead(-5000, 2)]);
  await put(store, guard, [ahead(null, 3)]);
  const { stored } = await store.ledger(guard.epoch + 1, now - 70_000, 1000);
  expect(stored).toEqual([at(now - 59_000, 1n), at(now + 6000, 2n), at(now, 3n)]);
  expect((await store.ledger(guard.epoch + 1, now + 3000, 1000)).stored).toEqual([at(now + 6000, 2n)]);
  expect(Math.abs((await store.clockMs()) - Date.now())).toBeLessThan(1000);
});

it('lets one collector of a node settle a take-over at a time, and nobody when it is done', async () => {
  const { options, lease, store, guard } = stores;
  const claim = (owner: string, nodeId = 'id-a') => ({ nodeId, tenureEpoch: guard.epoch, owner });
  expect(await store.replayTurn(guard, claim('one'), false)).toBe('mine');
  expect(await store.replayTurn(guard, claim('two'), false)).toBe('another');
  expect(await store.replayTurn(guard, claim('two', 'id-b'), false)).toBe('mine');
  expect(await put(store, guard, [batch(1)], claim('two'))).toEqual({ outcome: 'replaced' });
  expect(await store.delivered(['s-1'])).toEqual(new Set());
  expect(await put(store, guard, [batch(1)], claim('one'))).toMatchObject({ outcome: 'stored', batches: 1 });
  // Not renewed for long enough: the next one may go on where it was.
  await server.sql(`update ${options.store.schema}.delivery_replay set renewed_at = renewed_at - interval '5 s'`);
  expect(await store.replayTurn(guard, claim('two'), false)).toBe('mine');
  expect(await put(store, guard, [batch(2)], claim('one'))).toEqual({ outcome: 'replaced' });
  expect(await store.replayTurn(guard, claim('two'), true)).toBe('done');
  expect(await store.replayTurn(guard, claim('three'), false)).toBe('done');
  expect(await put(store, guard, [batch(2)], claim('two'))).toEqual({ outcome: 'replaced' });
  const second = await claimAs(lease, 'b');
  expect(await store.replayTurn(guard, { ...claim('one'), tenureEpoch: 99 }, false)).toBe('another');
  expect(await store.replayTurn(second, { ...claim('one'), tenureEpoch: 99 }, false)).toBe('mine');
});

it('reads a ledger of many batches whole', async () => {
  const { store, guard } = stores;
  const times = Array.from({ length: 450 }, (_, index) => 1000 + index);
  for (const time of times)
    await put(store, guard, [
      batch(time, { ledger: { clockAheadMs: null, nodeId: 'id-a', stored: [at(time)], settled: [] } }),
    ]);
  expect((await store.ledger(guard.epoch + 1, 0, 0)).stored).toEqual(times.map((time) => at(time)));
});

it('knows which messages are stored', async () => {
  const { store, guard } = stores;
  await put(store, guard, [batch(1), batch(3)]);
  expect(await store.delivered(['s-3', 's-2', 's-1', 'other-1'])).toEqual(new Set(['s-3', 's-1']));
  expect(await store.delivered([])).toEqual(new Set());
});

it('tells how far each node came', async () => {
  const { lease, store, guard } = stores;
  expect(await store.progress()).toEqual([]);
  await store.noteProgress(guard, { nodeId: 'id-a', settledBeforeMs: 1_700_000_000_000, clockAheadMs: null });
  await store.noteProgress(guard, { nodeId: 'id-a', settledBeforeMs: 1_700_000_000_123, clockAheadMs: null });
  const second = await claimAs(lease, 'b');
  await store.noteProgress(guard, { nodeId: 'id-a', settledBeforeMs: 1_900_000_000_000, clockAheadMs: null });
  await store.noteProgress(second, { nodeId: 'id-b', settledBeforeMs: 1_700_000_009_000, clockAheadMs: null });
  expect(await store.progress()).toEqual([
    { epoch: guard.epoch, nodeId: 'id-a', settledBeforeMs: 1_700_000_000_123, clockAheadMs: null },
    { epoch: second.epoch, nodeId: 'id-b', settledBeforeMs: 1_700_000_009_000, clockAheadMs: null },
  ]);
});

it('stores every kind as a person can query it', async () => {
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
});

it('stores a message of INGEST once, whoever delivers it again', async () => {
  const { options, store, reader, guard } = stores;
  const first = [batch(1, { syslog: [syslog('one')] }), batch(2, { syslog: [syslog('two')] })];
  expect(await put(store, guard, first)).toMatchObject({ batches: 2, rows: 2 });
  const again = [...first, batch(3, { syslog: [syslog('three')] }), batch(1, { syslog: [syslog('other')] }, 's2')];
  expect(await put(store, guard, again)).toEqual({ outcome: 'stored', batches: 2, rows: 2 });
  expect(await put(store, guard, again)).toEqual({ outcome: 'stored', batches: 0, rows: 0 });
  // Also when the same message is in one call twice, or in many calls at once.
  const twice = batch(9, { syslog: [syslog('nine')] });
  expect(await put(store, guard, [twice, twice])).toMatchObject({ batches: 1, rows: 1 });
  const other = new PostgresRecordStore(options);
  const many = Array.from({ length: 20 }, (_, index) => batch(100 + index, { syslog: [syslog(`m${index}`)] }));
  await Promise.all([put(store, guard, many), put(other, guard, many.toReversed()), put(store, guard, many)]);
  await other.close();
  expect((await reader.counts()).syslog).toBe(25);
});

it('writes nothing under a reign that is over', async () => {
  const { lease, store, reader, guard } = stores;
  await lease.release({ ...guard, handoverTo: null });
  expect(await put(store, guard, [batch(1, { syslog: [syslog('late')] })])).toEqual({ outcome: 'stale' });
  expect(await put(store, { epoch: 1, incarnation: "o'brien" }, [batch(1)])).toEqual({ outcome: 'stale' });
  expect(await reader.counts()).toEqual({ syslog: 0, trap: 0, flow: 0 });
  const next = await claimAs(lease, 'a');
  // What was refused has left no mark either.
  expect(await put(store, next, [batch(1, { syslog: [syslog('now')] })])).toMatchObject({ batches: 1, rows: 1 });
});

it('stores rows under the reign that commits them, also when they were staged under the one before', async () => {
  const { options, lease, store, guard } = stores;
  const rows = { syslog: [syslog('one'), syslog('two')], flows: [flow()] };
  const staged = store.stage(batch(1, rows), guard.epoch);
  const next = await claimAs(lease, 'a');
  expect(await store.store(next, [staged])).toEqual({ outcome: 'stored', batches: 1, rows: 3 });
  const s = options.store.schema;
  const epochs = await server.sql(`select epoch from ${s}.syslog_message union select epoch from ${s}.flow_record`);
  expect(epochs).toEqual([{ epoch: String(next.epoch) }]);
});

it('never fails a batch for a value that PostgreSQL cannot hold', async () => {
  const { options, log, store, guard } = stores;
  const rows = { syslog: oddValues.syslog(), traps: oddValues.traps(), flows: oddValues.flows() };
  const total = rows.syslog.length + rows.traps.length + rows.flows.length;
  expect(await put(store, guard, [batch(1, rows)])).toEqual({ outcome: 'stored', batches: 1, rows: total });
  expect(log.lines.filter((line) => line.message.includes('row by row'))).toEqual([]);
  const s = options.store.schema;
  const altered = (await server.sql(`select altered from ${s}.flow_record order by id`)).map((row) => row['altered']);
  expect(altered).toContain('source_address: 10.0.0.256');
  expect(altered).toContain('octets: 9223372036854775808');
  expect(await server.sql(`select message from ${s}.syslog_message where message like 'nul%'`)).toEqual([
    { message: 'nul\uFFFDhere' },
  ]);
});

it('stores a row that the database refuses bare and marked, and all others whole', async () => {
  const { options, store, guard } = stores;
  const s = options.store.schema;
  await server.sql(`alter table ${s}.syslog_message add constraint no_poison check (message <> 'poison')`);
  const rows = ['one', 'poison', 'two'].map((message) => syslog(message));
  expect(await put(store, guard, [batch(1, { syslog: rows, traps: [trap()] })])).toMatchObject({ rows: 4 });
  const stored = await server.sql(`select message, altered from ${s}.syslog_message order by id`);
  expect(stored.map((row) => row['message'])).toEqual(['one', '', 'two']);
  expect(stored[1]?.['altered']).toMatch(/refused the row.*no_poison.*poison/);
  expect(await put(store, guard, [batch(1, { syslog: rows })])).toMatchObject({ batches: 0 });
});

it('takes many rows in one call', async () => {
  const { options, store, reader, guard } = stores;
  const flows = Array.from({ length: 6000 }, (_, index) => flow({ sourcePort: index }));
  expect(await put(store, guard, [batch(1, { flows })])).toMatchObject({ rows: 6000 });
  expect(await reader.counts()).toEqual({ syslog: 0, trap: 0, flow: 6000 });
  const s = options.store.schema;
  expect(await server.sql(`select count(distinct source_port)::int as n from ${s}.flow_record`)).toEqual([{ n: 6000 }]);
});

it('reads back the newest first, as JSON', async () => {
  const { store, reader, guard } = stores;
  const messages = [1, 2, 3].map((n) => syslog(`m${n}`, { receivedAtMs: 1_700_000_000_000 + n }));
  await put(store, guard, [batch(1, { syslog: messages, flows: [flow()] })]);
  const last = await reader.last('syslog', 2);
  expect(last.map((row) => row['message'])).toEqual(['m3', 'm2']);
  expect(last[0]).toMatchObject({
    source_address: '192.0.2.1',
    received_at: '2023-11-14T22:13:20.003+00:00',
    epoch: 1,
  });
  expect(JSON.parse(JSON.stringify(last))).toEqual(last);
  expect((await reader.last('flow', 1))[0]).toMatchObject({ octets: '9223372036854775807', packets: 7 });
  expect(await reader.last('trap', 5)).toEqual([]);
});

it('goes on by itself after the store was away, and a frozen one ends in its time', async () => {
  await stores.store.close();
  stores.store = new PostgresRecordStore({ ...stores.options, statementTimeoutMs: 400 });
  const { store, reader, guard } = stores;
  await put(store, guard, [batch(1, { syslog: [syslog('before')] })]);
  server.freeze();
  const startedAt = performance.now();
  await expect(put(store, guard, [batch(2, { syslog: [syslog('frozen')] })])).rejects.toMatchObject({
    name: 'StoreError',
  });
  expect(performance.now() - startedAt).toBeLessThan(3000);
  server.thaw();
  await server.restart();
  const retried = async () => put(store, guard, [batch(2, { syslog: [syslog('frozen')] })]);
  await retried().catch(retried);
  expect((await reader.counts().catch(() => reader.counts())).syslog).toBe(2);
});
