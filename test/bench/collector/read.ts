// What unique flows take on the disk of PostgreSQL, and how long it takes to read them: the newest, a count over five minutes, those of an
// address in that time, and the conversations of a minute.
// `node --conditions=@hotstandby/source test/bench/collector/read.ts [--flows N] [--minutes N] [--format nf5-unique]`
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { PostgresLeaseStore, PostgresRecordReader, PostgresRecordStore } from '@hotstandby/adapters/postgres';
import { decodeFrame } from '@hotstandby/core/frame';
import { decodeFlowColumns, FlowColumns, TemplateCache } from '@hotstandby/decoders';
import { batch, claimAs } from '@hotstandby/testing/conformance';
import { startPostgres } from '../../parts/postgres.ts';
import { recordingLog } from '../../parts/recording-log.ts';
import { formats, framesOf, recordsOf } from './datagrams.ts';

const { values } = parseArgs({
  options: {
    flows: { type: 'string', default: '3000000' },
    minutes: { type: 'string', default: '15' },
    format: { type: 'string', default: 'nf5-unique' },
    plans: { type: 'boolean', default: false },
  },
});
const format = formats.find((known) => known === values.format) ?? 'nf5-unique';
const flows = Number(values.flows);
const minutes = Number(values.minutes);
const batchesAtOnce = 20;

const server = await startPostgres({ settings: { shared_buffers: '512MB', max_wal_size: '8GB', autovacuum: 'off' } });
const options = { store: { url: server.url, schema: 'hotstandby' }, cluster: 'bench', log: recordingLog() };
const lease = new PostgresLeaseStore(options);
const store = new PostgresRecordStore(options);
const reader = new PostgresRecordReader(options);
try {
  await store.prepare();
  const guard = await claimAs(lease, 'a');
  const fromMs = Date.now() - minutes * 60_000;
  const datagrams = Math.ceil(flows / recordsOf[format]);
  let made = 0;
  const receivedAtMs = () => Math.floor(fromMs + (made++ / datagrams) * minutes * 60_000);
  const columns = new FlowColumns('flows');
  const templates = new TemplateCache();
  let staged = [];
  let sequence = 0;
  for (const frame of framesOf(format, datagrams, receivedAtMs)) {
    columns.truncate(0);
    for (const datagram of decodeFrame(frame).datagrams) decodeFlowColumns(datagram.bytes, datagram, templates, columns);
    staged.push(store.stage(batch((sequence += 1), { columns }), guard.epoch));
    if (staged.length < batchesAtOnce) continue;
    await store.store(guard, staged);
    staged = [];
  }
  if (staged.length > 0) await store.store(guard, staged);
  for (const [table, bytes] of await sizes()) console.log(JSON.stringify({ table, bytesPerFlow: Number((bytes / flows).toFixed(1)) }));

  const s = options.store.schema;
  const middle = `to_timestamp(${(fromMs + (minutes / 2 - 2.5) * 60_000) / 1000})`;
  const range = `received_at >= ${middle} and received_at < ${middle} + interval '5 minutes'`;
  const queries: [string, string][] = [
    ['count of five minutes', `select count(*) from ${s}.flow_record where ${range}`],
    ['octets by protocol of five minutes', `select protocol, sum(octets) from ${s}.flow_record where ${range} group by 1`],
    ['of an address in five minutes', `select * from ${s}.flow_record where ${range} and source_address = '10.0.1.7'`],
    ['the newest 100', `select * from ${s}.flow_record order by received_at desc limit 100`],
    ['the oldest 100', `select * from ${s}.flow_record order by received_at limit 100`],
    ['conversations of an address in a minute', `select * from ${s}.conversations where minute = date_trunc('minute', ${middle}) and source_address = '10.0.1.7'`],
  ];
  for (const isAnalyzed of [false, true]) {
    if (isAnalyzed) await timed('vacuum analyze', () => server.sql('vacuum analyze'));
    for (const [name, text] of queries) {
      if (values.plans) console.log((await server.sql(`explain analyze ${text}`)).map((line) => line['QUERY PLAN']).join('\n'));
      await timed(name, () => server.sql(text), { isAnalyzed });
    }
    await timed('records --last 100', () => reader.last('flow', 100), { isAnalyzed });
    await timed('counts', () => reader.counts(), { isAnalyzed });
  }
} finally {
  await Promise.all([lease.close(), store.close(), reader.close()]);
  await server.stop();
}

/** The median of five. */
async function timed(name: string, look: () => Promise<unknown>, more: object = {}): Promise<void> {
  const took: number[] = [];
  for (let run = 0; run < (name.startsWith('vacuum') ? 1 : 5); run += 1) {
    const beganMs = performance.now();
    await look();
    took.push(performance.now() - beganMs);
  }
  const ms = took.toSorted((one, other) => one - other)[took.length >> 1] ?? 0;
  console.log(JSON.stringify({ read: name, ...more, ms: Number(ms.toFixed(1)), load: Number((loadavg()[0] ?? 0).toFixed(1)) }));
}

/** Of each table with its indexes, partitions together. */
async function sizes(): Promise<[string, number][]> {
  const found = await server.sql(`select p.relname as name, sum(pg_total_relation_size(i.inhrelid))::float8 as bytes
    from pg_inherits i join pg_class p on p.oid = i.inhparent where p.relkind = 'p' group by 1 having sum(pg_total_relation_size(i.inhrelid)) > 1000000 order by 1`);
  return found.map((row) => [String(row['name']), Number(row['bytes'])]);
}
