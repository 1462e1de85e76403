// One core, one process: the product's receiver and decoders, and a file. `node decode-to-file.ts KIND PORT FILE`; syslog and traps
// as lines of JSON, flows as blocks of columns (`flow-blocks.ts`). SIGTERM ends it; it then says what it wrote.
import { openSync, writeSync, writevSync } from 'node:fs';
import { loadNativeAddon, NativeReceiver } from '@hotstandby/adapters/udp';
import { decodeFrame } from '@hotstandby/core/frame';
import { decodeFlowColumns, decodeFlows, decodeSyslog, decodeTrap, FlowColumns, TemplateCache } from '@hotstandby/decoders';
import type { Datagram, Received, TelemetryKind } from '@hotstandby/ports';
import { FlowBlocks } from './flow-blocks.ts';
import { syslogLine, trapLine } from './record-lines.ts';

const [kind, port, file] = process.argv.slice(2) as [TelemetryKind, string, string];
const out = openSync(file, 'w');
const log = { debug() {}, info() {}, warn: console.error, error: console.error };
const addon = loadNativeAddon();
if (typeof addon === 'string') throw new Error(`no native receiver: ${addon}`);
const written = { records: 0, unread: 0 };

/** A datagram of 64 KiB, every octet of it escaped, still fits behind what is not full. */
const lines = Buffer.alloc(1_048_576);
const fullBytes = 262_144;
const longestText = 65_536;
let size = 0;
/** Some lines are turned into octets together; more of them, and the text becomes too deep to be quick. */
const together = 64;
let waiting = '';
let waitingLines = 0;
const encodeLines = () => {
  size += lines.write(waiting, size);
  waiting = '';
  waitingLines = 0;
};
const flushLines = () => {
  encodeLines();
  if (size > 0) writeSync(out, lines, 0, size);
  size = 0;
};
const putLine = (line: string, malformed: string | null) => {
  written.records += 1;
  if (malformed !== null) written.unread += 1;
  waiting += line;
  waitingLines += 1;
  if (waitingLines < together && waiting.length < longestText) return;
  encodeLines();
  if (size > fullBytes) flushLines();
};

const roomFor = 16_384;
const columns = new FlowColumns('flows', roomFor);
const templates = new TemplateCache();
const blocks = new FlowBlocks(roomFor);
const flushColumns = () => {
  if (columns.count === 0) return;
  written.records += columns.count;
  writevSync(out, blocks.of(columns));
  columns.truncate(0);
};
const putFlows = (datagram: Datagram) => {
  if (roomFor - columns.count < 2000) flushColumns();
  if (decodeFlowColumns(datagram.bytes, datagram, templates, columns)) return;
  // Templates, and what columns do not hold; the load generator sends none of that.
  const { records } = decodeFlows(datagram.bytes, datagram, templates);
  written.unread += records.length;
};

const put = {
  syslog: (datagram: Datagram) => {
    const record = decodeSyslog(datagram.bytes, datagram);
    putLine(syslogLine(record), record.malformed);
  },
  trap: (datagram: Datagram) => {
    const record = decodeTrap(datagram.bytes, datagram);
    putLine(trapLine(record), record.malformed);
  },
  flow: putFlows,
}[kind];

const receiver = new NativeReceiver({ addon, log, merge: process.env['BENCH_MERGE'] === '1' });
const listening = await receiver.listen(
  { kind, address: '127.0.0.1', port: Number(port), receiveBufferBytes: 16 << 20 },
  (received: Received) => {
    const datagrams = Array.isArray(received) ? received : decodeFrame(received.bytes).datagrams;
    for (const datagram of datagrams) put(datagram);
  },
  (reason) => log.error(reason),
);
// So that a pause leaves nothing behind in memory.
const timer = setInterval(() => {
  flushLines();
  flushColumns();
}, 200);
process.on('SIGTERM', () => {
  clearInterval(timer);
  const figures = receiver.figures();
  listening.close();
  flushLines();
  flushColumns();
  console.log(JSON.stringify({ ...written, ...figures }));
});
