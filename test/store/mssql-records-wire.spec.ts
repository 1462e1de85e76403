import { MssqlLedgerReader, MssqlRecordReader, MssqlRecordStore } from '@hotstandby/adapters/mssql';
import { packEntries } from '@hotstandby/core/ledger';
import { StoreError, type LedgerLine, type RecordBatch } from '@hotstandby/ports';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { preparedStore } from './mssql-answers.ts';
import { at, batch, flow, oddValues, put, syslog, trap } from '@hotstandby/testing/conformance';
import { readBulkLoad, type BulkValue } from './tds-bulk.ts';
import { startTdsPeer, type TdsAnswer, type TdsPeer, type TdsPeerScript } from './tds-peer.ts';

// The conversation of the record store with a server, and the octets of its bulk loads, said and read by a peer of our own:
// there is no SQL Server for every machine.
const open: { close(): Promise<void> }[] = [];
const log = recordingLog();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotstandby-test-'));
  await writeFile(join(folder, 'password'), 'secret\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
  log.lines.splice(0);
});

const guard = { epoch: 7, incarnation: 'a-1' };
const isStore = (text: string) => text.includes('INSERT INTO [hotstandby].delivered_frame');
const isLook = (text: string) => text.includes('AS [messageId]');

interface Different {
  store?: (text: string) => TdsAnswer;
  look?: () => TdsAnswer;
  other?: (text: string) => TdsAnswer;
  bulk?: TdsPeerScript['bulk'];
}

/** A store of records at a peer that answers everything else as a prepared server does. */
async function storeAt({ store = () => [], look = () => [], other = () => [], bulk }: Different = {}) {
  const answer = preparedStore((text) => {
    if (isLook(text)) return look();
    if (isStore(text)) return store(text);
    return text.includes('AS [nowUs]') ? [{ columns: ['nowUs'], rows: [['1700000000123456']] }] : other(text);
  });
  const peer = await startTdsPeer({ answer, ...(bulk ? { bulk } : {}) });
  const options = {
    store: {
      url: `mssql://hot@127.0.0.1:${peer.port}/hot?encrypt=off`,
      schema: 'hotstandby',
      passwordFile: join(folder, 'password'),
    },
    cluster: 'c',
    statementTimeoutMs: 300,
    log,
  };
  const records = new MssqlRecordStore(options);
  open.push(peer, records);
  return { peer, options, records };
}

const loaded = (peer: TdsPeer, table: string): Record<string, BulkValue>[] =>
  peer.bulkLoads
    .filter(({ into }) => into.includes(`insert bulk #hotstandby_${table}(`))
    .flatMap(({ payload }) => readBulkLoad(payload));

const kindsOf = (requests: string[]) =>
  requests.flatMap((text) => {
    if (isLook(text)) return ['look'];
    if (isStore(text)) return [text.includes('WHILE @row') ? 'store row by row' : 'store'];
    const [, table] = /insert bulk #hotstandby_(\w+)\(/.exec(text) ?? [];
    if (table) return [`bulk ${table}`];
    return text.includes('TRUNCATE TABLE #hotstandby_message') ? ['empty'] : [];
  });

async function failureOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => new Error('it worked'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof StoreError) return error;
  throw error;
}

const entry = at(1_700_000_000_123, 5n);
const one: RecordBatch = batch(1, {
  syslog: [syslog('hello'), syslog('other')],
  traps: [trap()],
  flows: [flow({ octets: 10n })],
  ledger: { nodeId: 'id-a', stored: [entry], settled: [], clockAheadMs: 23 },
});

it('loads in bulk into tables of its own, and stores in one statement', async () => {
  const { peer, records } = await storeAt();
  expect(await put(records, guard, [one])).toEqual({ outcome: 'stored', batches: 1, rows: 4 });
  expect(kindsOf(peer.requests)).toEqual([
    'look',
    'empty',
    'bulk message',
    'bulk syslog_message',
    'bulk snmp_trap',
    'bulk flow_record',
    'bulk traffic_part',
    'bulk applications_part',
    'bulk conversations_part',
    'store',
  ]);
  // Temporary tables made in a call would end with it: this one is a batch, those with parameters are calls.
  const sent = peer.requests.find((text) => text.includes('TRUNCATE TABLE')) ?? '';
  expect(sent).not.toContain('sp_executesql');
  const stored = peer.requests.find(isStore) ?? '';
  expect(stored).toContain('BEGIN TRANSACTION');
  expect(stored).toContain('COMMIT TRANSACTION');
  expect(stored).toContain('a-1');
  const bulk = peer.requests.find((text) => text.startsWith('insert bulk', text.indexOf('insert bulk'))) ?? '';
  expect(bulk).toContain('WITH (KEEP_NULLS,TABLOCK,ORDER (row_no ASC))');
});

it('sends every value as its column holds it', async () => {
  const { peer, records } = await storeAt();
  await put(records, guard, [one]);
  expect(loaded(peer, 'message')).toEqual([
    {
      row_no: 1,
      message_id: 's-1',
      node_id: 'id-a',
      first_received_at: new Date(1_700_000_000_100),
      last_received_at: new Date(1_700_000_000_100),
      stored_datagrams: 1,
      settled_datagrams: 0,
      stored: Buffer.from(packEntries([entry]).buffer),
      settled: Buffer.from(packEntries([]).buffer),
      clock_ahead_ms: 23,
    },
  ]);
  expect(loaded(peer, 'syslog_message').map(({ row_no, message }) => [row_no, message])).toEqual([
    [1, 'hello'],
    [2, 'other'],
  ]);
  expect(loaded(peer, 'syslog_message')[0]).toEqual({
    row_no: 1,
    received_at: new Date(1_700_000_000_123),
    source_address: '192.0.2.1',
    format: 'rfc5424',
    facility: 3,
    severity: 4,
    timestamp: new Date(1_700_000_000_000),
    hostname: 'router1',
    app_name: 'app',
    proc_id: '1',
    msg_id: null,
    structured_data: '{"x@1":{"a":"b","list":["c","d"]}}',
    message: 'hello',
    malformed: null,
    raw: null,
    altered: null,
  });
  expect(loaded(peer, 'snmp_trap')[0]).toMatchObject({ source_address: '2001:db8::7', uptime_ticks: 4_294_967_295n });
  expect(loaded(peer, 'flow_record')[0]).toMatchObject({ octets: 10n, packets: 7n, source_port: 65_535, tos: 255 });
  expect(loaded(peer, 'conversations_part')).toEqual([
    {
      row_no: 1,
      minute: new Date(1_699_999_980_000),
      exporter: '192.0.2.9',
      source_address: '192.0.2.33',
      destination_address: '198.51.100.4',
      protocol: 17,
      port: 53,
      flows: 1n,
      packets: 7n,
      octets: 10n,
    },
  ]);
});

it('sends what no column holds in words, and any number of rows', async () => {
  const { peer, records } = await storeAt();
  const odd = { syslog: oddValues.syslog(), traps: oddValues.traps(), flows: oddValues.flows() };
  const many = Array.from({ length: 5000 }, (_, index) => syslog(`message ${index}`));
  expect(await put(records, guard, [batch(1, odd), batch(2, { syslog: many })])).toMatchObject({ batches: 2 });
  const rows = loaded(peer, 'syslog_message');
  expect(rows).toHaveLength(5005);
  expect(rows.at(-1)).toMatchObject({ row_no: 5005, message: 'message 4999' });
  expect(rows[0]).toMatchObject({ message: 'nul\uFFFDhere', hostname: 'lone\uFFFD' });
  expect(rows[2]).toMatchObject({ received_at: new Date(0), timestamp: null });
  expect(rows[2]?.['altered']).toMatch(
    /received_at: null; timestamp: 1e\+?20|received_at: null; timestamp: 100000000000000000000/,
  );
  expect(rows[4]).toMatchObject({ message: 'x'.repeat(65_000), raw: Buffer.from([0, 1, 92, 255]) });
  const altered = loaded(peer, 'flow_record').map((row) => row['altered']);
  expect(altered.slice(0, 2)).toEqual(['source_address: 10.0.0.256', 'octets: 9223372036854775808']);
  expect(loaded(peer, 'message')).toHaveLength(2);
});

it('leaves out what is stored already, and is told of the reign all the same', async () => {
  const { peer, records } = await storeAt({ look: () => [{ columns: ['messageId'], rows: [['s-1']] }] });
  expect(await put(records, guard, [one])).toEqual({ outcome: 'stored', batches: 0, rows: 0 });
  expect(kindsOf(peer.requests)).toEqual(['look', 'empty', 'store']);
  expect(peer.bulkLoads).toEqual([]);
});

it.each([
  [51_003, { outcome: 'stale' }],
  [51_004, { outcome: 'replaced' }],
])('answers error %i of its own with what it says, on the same connection', async (number, outcome) => {
  const { peer, records } = await storeAt({ store: () => ({ number, message: 'over' }) });
  const claim = { nodeId: 'id-a', tenureEpoch: 7, owner: 'o' };
  expect(await put(records, guard, [one], claim)).toEqual(outcome);
  const callers = peer.callers.length;
  expect(await put(records, guard, [one], claim)).toEqual(outcome);
  expect(peer.callers).toHaveLength(callers);
  expect(peer.requests.find(isStore)).toContain('@replay_owner');
});

it.each([2627, 2601, 1205])('looks again when another writer came first (error %i)', async (number) => {
  let stored = false;
  const { peer, records } = await storeAt({
    look: () => (stored ? [{ columns: ['messageId'], rows: [['s-1']] }] : []),
    store: () => {
      if (stored) return [];
      stored = true;
      return { number, message: 'Violation of PRIMARY KEY constraint.' };
    },
  });
  expect(await put(records, guard, [one])).toEqual({ outcome: 'stored', batches: 0, rows: 0 });
  expect(kindsOf(peer.requests).filter((kind) => !kind.startsWith('bulk'))).toEqual([
    ...['look', 'empty', 'store'],
    ...['look', 'empty', 'store'],
  ]);
});

it('gives up after some collisions, knowing that nothing was stored', async () => {
  const { peer, records } = await storeAt({ store: () => ({ number: 1205, message: 'deadlock victim' }) });
  expect((await failureOf(put(records, guard, [one]))).fault).toBe('unreachable');
  expect(kindsOf(peer.requests).filter((kind) => kind === 'store')).toHaveLength(5);
});

it('stores row by row after a row that the store refused, once', async () => {
  const { peer, records } = await storeAt({
    store: (text) =>
      text.includes('WHILE @row') ? [] : { number: 547, message: 'conflicted with the CHECK constraint' },
  });
  expect(await put(records, guard, [one])).toMatchObject({ outcome: 'stored', rows: 4 });
  expect(kindsOf(peer.requests).filter((kind) => kind.startsWith('store'))).toEqual(['store', 'store row by row']);
  expect(log.lines.map(({ message }) => message)).toEqual([expect.stringContaining('row by row')]);
  const always = await storeAt({ store: () => ({ number: 547, message: 'conflicted' }) });
  expect((await failureOf(put(always.records, guard, [one]))).fault).toBe('unreachable');
  expect(kindsOf(always.peer.requests).filter((kind) => kind.startsWith('store'))).toHaveLength(2);
});

it.each<[string, TdsAnswer | 'deaf', string]>([
  ['refused', { number: 229, message: 'The INSERT permission was denied.' }, 'refused'],
  ['full', { number: 1105, message: 'Could not allocate space in database tempdb.' }, 'unreachable'],
  ['without an answer', 'hang', 'unreachable'],
  ['stuck in the middle', 'deaf', 'unreachable'],
  ['cut off', 'cut', 'unreachable'],
])('knows that nothing was stored when a bulk load is %s', async (_, answer, fault) => {
  let broken = true;
  const { peer, records } = await storeAt({
    bulk: (into) => (broken && into.includes('syslog_message') ? answer : []),
  });
  // More than the buffers of a connection hold.
  const length = answer === 'deaf' ? 20_000 : 200;
  const many = batch(1, { syslog: Array.from({ length }, () => syslog('x'.repeat(200))) });
  const startedAt = performance.now();
  expect((await failureOf(put(records, guard, [many]))).fault).toBe(fault);
  expect(performance.now() - startedAt).toBeLessThan(5000);
  expect(peer.requests.some(isStore)).toBe(false);
  // Whoever reads nothing does not hear that the connection is closed, either.
  if (answer !== 'deaf') await eventually(() => peer.openSockets() === 0, 2000, 'the connection is thrown away');
  broken = false;
  expect(await put(records, guard, [one])).toMatchObject({ outcome: 'stored', batches: 1 });
});

it('knows that nothing was stored when a bulk load is refused before its rows', async () => {
  const { peer, records } = await storeAt({
    other: (text) => (text.includes('insert bulk') ? { number: 208, message: "Invalid object name '#x'." } : []),
  });
  expect((await failureOf(put(records, guard, [one]))).message).toContain('(208)');
  expect(peer.bulkLoads).toEqual([]);
});

it.each(['hang', 'cut', 'garbage'] as const)(
  'says unknown when the server does "%s" under the statement that stores, and stores it once',
  async (kind) => {
    let committed = false;
    const { peer, records } = await storeAt({
      look: () => (committed ? [{ columns: ['messageId'], rows: [['s-1']] }] : []),
      store: () => {
        if (committed) return [];
        committed = true;
        return kind;
      },
    });
    expect((await failureOf(put(records, guard, [one]))).fault).toBe('unknown');
    await eventually(() => peer.openSockets() === 0, 2000, 'the connection is thrown away');
    expect(await put(records, guard, [one])).toEqual({ outcome: 'stored', batches: 0, rows: 0 });
    expect(peer.bulkLoads.filter(({ into }) => into.includes('syslog_message'))).toHaveLength(1);
  },
);

it('says of an error that ends the session that the outcome is unknown', async () => {
  const { records } = await storeAt({ store: () => ({ number: 596, class: 21, message: 'in the kill state' }) });
  expect((await failureOf(put(records, guard, [one]))).fault).toBe('unknown');
});

it('ends what is under way when it is closed', async () => {
  const { peer, records } = await storeAt({ store: () => 'hang' });
  const storing = failureOf(put(records, guard, [one]));
  await eventually(() => peer.requests.some(isStore), 2000, 'the statement is under way');
  await records.close();
  expect((await storing).fault).toBe('unknown');
  await eventually(() => peer.openSockets() === 0, 2000, 'no socket left');
  expect((await failureOf(put(records, guard, [one]))).fault).toBe('unreachable');
});

it('takes turns, notes progress, and says when the reign is over', async () => {
  let stale = false;
  const { records } = await storeAt({
    other: (text) => {
      if (stale) return { number: 51_003, message: 'over' };
      return text.includes('AS [turn]') ? [{ columns: ['turn'], rows: [['mine']] }] : [];
    },
  });
  const claim = { nodeId: 'id-a', tenureEpoch: 7, owner: 'o' };
  expect(await records.replayTurn(guard, claim, false)).toBe('mine');
  await records.noteProgress(guard, {
    nodeId: 'id-a',
    settledBeforeMs: 5.5,
    clockAheadMs: null,
    ownFromMs: null,
    otherBeforeMs: null,
  });
  stale = true;
  expect(await records.replayTurn(guard, claim, false)).toBe('another');
  await records.noteProgress(guard, {
    nodeId: 'id-a',
    settledBeforeMs: 5.5,
    clockAheadMs: null,
    ownFromMs: null,
    otherBeforeMs: null,
  });
});

it('deletes in pieces until a piece is not full', async () => {
  const left = [4000, 4000, 17];
  const { peer, records } = await storeAt({
    other: (text) => {
      if (!text.includes('AS [gone]')) return [];
      const gone = text.includes('.syslog_message') ? (left.shift() ?? 0) : 0;
      return [{ columns: ['gone'], rows: [[String(gone)]] }];
    },
  });
  const day = 86_400_000;
  await records.trim({ syslogMs: day, trapMs: 1e15, flowMs: day, minuteMs: day });
  const pieces = peer.requests.filter((text) => text.includes('DELETE TOP (4000)'));
  expect(pieces).toHaveLength(11);
  expect(pieces.filter((text) => text.includes('.syslog_message'))).toHaveLength(3);
});

it('reads back clock, ledger, progress, counts and records', async () => {
  const stored = Buffer.from(packEntries([entry]).buffer);
  const { options, records } = await storeAt({
    other: (text) => {
      if (text.includes('.delivery_ledger'))
        return [
          {
            columns: ['id', 'epoch', 'nodeId', 'clockAheadMs', 'stored', 'settled'],
            rows: [['1', '6', 'id-b', 1.5, stored, Buffer.from(packEntries([]).buffer)]],
          },
        ];
      if (text.includes('.delivery_progress'))
        return [
          {
            columns: ['nodeId', 'epoch', 'settledBefore', 'clockAheadMs', 'ownFrom', 'otherBefore'],
            rows: [
              ['id-a', '7', new Date(1_700_000_000_123), null, null, null],
              ['id-b', '8', new Date(0), -2.5, new Date(1_700_000_000_050), new Date(1_700_000_000_100)],
            ],
          },
        ];
      if (text.includes('AS [minute]'))
        return [{ columns: ['source', 'minute', 'rows'], rows: [['192.0.2.1', '28333333', '3']] }];
      if (text.includes('AS [n]')) return [{ columns: ['n'], rows: [['12']] }];
      if (!text.includes('SELECT TOP (@limit) t.*')) return [];
      return [
        {
          columns: ['id', 'received_at', 'octets', 'packets', 'extra', 'raw', 'malformed', 'stored_at'],
          rows: [
            [
              '5',
              new Date(1_700_000_000_003),
              '9223372036854775807',
              '7',
              '{"a":[1]}',
              Buffer.from([1, 255]),
              '12',
              new Date(0),
            ],
          ],
        },
      ];
    },
  });
  expect(await records.clockMs()).toBe(1_700_000_000_123.456);
  expect(await records.ledger(7, 0, 11.5)).toEqual({ stored: [at(1_700_000_000_133, 5n)], settled: [] });
  const progress = [
    {
      nodeId: 'id-a',
      epoch: 7,
      settledBeforeMs: 1_700_000_000_123,
      clockAheadMs: null,
      ownFromMs: null,
      otherBeforeMs: null,
    },
    {
      nodeId: 'id-b',
      epoch: 8,
      settledBeforeMs: 0,
      clockAheadMs: -2.5,
      ownFromMs: 1_700_000_000_050,
      otherBeforeMs: 1_700_000_000_100,
    },
  ];
  expect(await records.progress()).toEqual(progress);

  const ledger = new MssqlLedgerReader(options);
  const reader = new MssqlRecordReader(options);
  open.push(ledger, reader);
  const lines: LedgerLine[] = [];
  for await (const line of ledger.lines(0, 1e15)) lines.push(line);
  expect(lines).toEqual([{ epoch: 6, nodeId: 'id-b', clockAheadMs: 1.5, stored: [entry] }]);
  expect(await ledger.progress()).toEqual(progress);
  expect((await ledger.counts(0, 1e15))[0]).toEqual({
    kind: 'syslog',
    source: '192.0.2.1',
    minute: 28_333_333,
    rows: 3,
  });
  expect(await reader.counts()).toEqual({ syslog: 12, trap: 12, flow: 12 });
  expect(await reader.last('flow', 5)).toEqual([
    {
      id: 5,
      received_at: '2023-11-14T22:13:20.003+00:00',
      octets: '9223372036854775807',
      packets: 7,
      extra: { a: [1] },
      raw: String.raw`\x01ff`,
      malformed: '12',
      stored_at: '1970-01-01T00:00:00.000+00:00',
    },
  ]);
});

it('asks for many messages in few statements', async () => {
  const { peer, records } = await storeAt({ look: () => [{ columns: ['messageId'], rows: [['m-3']] }] });
  const ids = Array.from({ length: 1500 }, (_, index) => `m-${index}`);
  expect(await records.delivered(ids)).toEqual(new Set(['m-3']));
  expect(peer.requests.filter(isLook)).toHaveLength(2);
  expect(await records.delivered([])).toEqual(new Set());
});
