import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { preparedStore } from '../store/mssql-answers.ts';
import { readBulkLoad } from '../store/tds-bulk.ts';
import { startTdsPeer, type TdsAnswer, type TdsPeer } from '../store/tds-peer.ts';
import { startCollector, type CollectorProcess } from './collector-process.ts';
import { address, CollectorRig } from './rig.ts';
import { udpSender, type UdpSender } from './udp-sender.ts';

// The collector as it is delivered, with a store on SQL Server, which here is a peer of our own: it knows which messages it
// took, and of rows only what came.
let rig: CollectorRig;
let sender: UdpSender;
let peer: TdsPeer;
let collector: CollectorProcess;
/** Keys of the messages that were staged last, and of those that are stored. */
let staged: string[] = [];
const marks = new Set<string>();
/** The next commit is carried out, and nobody is told. */
let silent = false;

function answer(text: string): TdsAnswer {
  if (text.includes('AS [nowUs]')) return [{ columns: ['nowUs'], rows: [[String(Date.now() * 1000)]] }];
  if (text.includes('AS [turn]')) return [{ columns: ['turn'], rows: [['mine']] }];
  if (text.includes('AS [messageId]')) {
    const asked = [...marks].filter((key) => text.includes(key));
    return [{ columns: ['messageId'], rows: asked.map((key) => [key]) }];
  }
  if (text.includes('TRUNCATE TABLE #hotstandby_message')) staged = [];
  if (!text.includes('INSERT INTO [hotstandby].delivered_frame')) return [];
  for (const key of staged) marks.add(key);
  if (!silent || staged.length === 0) return [];
  silent = false;
  return 'hang';
}

beforeAll(async () => {
  rig = await CollectorRig.start();
  sender = await udpSender();
  await rig.claim();
  peer = await startTdsPeer({
    answer: preparedStore(answer, { cluster: 'test' }),
    bulk: (into) => {
      if (into.includes('#hotstandby_message(')) setImmediate(() => (staged = stagedKeys()));
      return [];
    },
  });
  const { dir, config } = rig.nats;
  await writeFile(join(dir, 'mssql-password'), 'secret\n');
  collector = await startCollector(
    dir,
    `
cluster: test
node: { name: a, kind: primary, address: ${address}, dataDir: ${dir} }
peer: { name: b, address: 127.0.0.34 }
profile: fast
store: { url: "mssql://hot@127.0.0.1:${peer.port}/hot?encrypt=off", passwordFile: "${join(dir, 'mssql-password')}" }
nats: { url: "${config.nats.url}", keysDir: "${config.nats.keysDir}", port: ${config.nats.port} }
http: { collector: 0 }
log: { format: json }
collector:
  syslogPorts: [${rig.ports.syslog}]
  trapPorts: [${rig.ports.trap}]
  flowPorts: [${rig.ports.flow}]
  sflowPorts: []
  ingest: { maxBytes: 268435456 }
`,
  );
});
afterAll(async () => {
  sender?.close();
  rig?.revoke();
  await collector?.kill();
  await peer?.close();
  await rig?.stop();
});

const loadsOf = (table: string) => peer.bulkLoads.filter(({ into }) => into.includes(`#hotstandby_${table}(`));
const stagedKeys = () =>
  loadsOf('message')
    .slice(-1)
    .flatMap(({ payload }) => readBulkLoad(payload))
    .map((row) => String(row['message_id']));
const messages = () =>
  loadsOf('syslog_message')
    .flatMap(({ payload }) => readBulkLoad(payload))
    .map((row) => String(row['message']));
const send = (text: string) =>
  sender.send(`<13>1 2026-01-01T00:00:00Z host app - - - ${text}`, address, rig.ports.syslog);

it('stores there what it received, and again only what is not stored', async () => {
  await eventually(() => rig.status(collector)?.health === 'ok', 20_000, 'a collector that is well');
  await send('before the grant');
  rig.grant();
  await eventually(() => messages().includes('before the grant'), 20_000, 'the first row');
  silent = true;
  await send('committed, and nobody was told');
  await eventually(() => messages().includes('committed, and nobody was told'), 20_000, 'the second row');
  const looks = () => peer.requests.filter((text) => text.includes('AS [messageId]')).length;
  const before = looks();
  // After the answer is overdue it looks, on another connection, and finds the mark.
  await eventually(() => looks() > before, 30_000, 'another look');
  await send('and on it goes');
  await eventually(() => messages().includes('and on it goes'), 20_000, 'the third row');
  expect(messages().filter((message) => message === 'committed, and nobody was told')).toHaveLength(1);
  expect(collector.ended()).toBe(false);
  rig.revoke();
  expect(await collector.stop()).toBe(0);
});
