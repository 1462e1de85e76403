import { decodeFrame, encodeFrame } from '@hotstandby/core/frame';
import { digestOf } from '@hotstandby/core/ledger';
import {
  abandonPending,
  decodeFlowColumns,
  decodeFlows,
  decodePending,
  decodeSyslog,
  decodeTrap,
  FlowColumns,
  informAnswer,
  learnTemplates,
  plainNotification,
  recordsOfColumns,
  securedAnswer,
  SyslogStream,
  TemplateCache,
  type FlowRecord,
  type SnmpAnswering,
  type SyslogRecord,
} from '@hotstandby/decoders';
import { readAnyMessage } from '../../libs/decoders/src/syslog/decode-syslog.ts';
import { readDatagrams } from './corpus.ts';
import { joined } from './mutate.ts';
import { check, checkRecord, sizeOf } from './record-contract.ts';
import { words } from './words.ts';

/** One decoder or framing, with what must hold of it whatever the octets are. */
export interface Target {
  /** Throws when it does not hold. */
  check(input: Uint8Array): void;
  /** Good inputs to begin with. */
  seeds(): Uint8Array[];
  /** What stands in inputs: chance finds it late by itself. */
  words: Uint8Array[];
  /** Blocks that may run: so many for each octet, and so many besides. */
  work: { perOctet: number; besides: number };
}

const sourceAddress = '192.0.2.1';
const receivedAtMs = Date.UTC(2026, 10, 21, 12);
const context = { sourceAddress, receivedAtMs };

/** Believes everybody, so that what comes behind keys and digests is reached, too; what is encrypted is taken for plain. */
const trusting: SnmpAnswering = {
  open: ({ data }) => ({ plain: data, fault: null }),
  encrypt: (_, __, plain) => ({ data: plain, privParameters: new Uint8Array(8) }),
  digest: ({ authParameters: { start, end } }) => new Uint8Array(end - start),
};
const engine = { engineId: Uint8Array.of(0x80, 0, 0, 0, 4, 0x61), boots: 1, timeSeconds: 1000 };

const datagram = (kind: 'syslog' | 'trap' | 'flow', bytes: Uint8Array) => ({
  ...context,
  kind,
  sourcePort: 1,
  localPort: 2,
  bytes,
});

export const targets = {
  syslog: {
    check(input) {
      const record = decodeSyslog(input, context);
      checkRecord(record, input);
      checkShortWay(input, record);
      const { values, characters } = sizeOf([record]);
      check(values <= input.length + 40 && characters <= 2 * input.length + 600, 'size', `${values} ${characters}`);
      digestOf(datagram('syslog', input.subarray(0, 65_535)));
    },
    seeds: () => readDatagrams('syslog'),
    words: words.syslog,
    work: { perOctet: 30, besides: 2000 },
  },
  trap: {
    check(input) {
      for (const security of [null, trusting]) {
        const record = decodeTrap(input, context, security);
        checkRecord(record, input);
        const { values, characters } = sizeOf([record]);
        check(values <= input.length + 60 && characters <= 12 * input.length + 1000, 'size', `${values} ${characters}`);
      }
      const answer = informAnswer(input);
      check(answer === null || answer.length === input.length, 'answer', answer?.length);
      plainNotification(input, trusting);
      const secured = securedAnswer(input, engine, trusting);
      check(secured === null || secured.answer.length < input.length + 200, 'answer', secured?.answer.length);
      // An answer is never answered: two engines would talk for ever.
      check(secured === null || securedAnswer(secured.answer, engine, trusting) === null, 'answer', 'answered');
      digestOf(datagram('trap', input.subarray(0, 65_535)));
    },
    seeds: () => ['traps', 'traps-v3', 'traps-v3-copies'].flatMap(readDatagrams),
    words: words.trap,
    work: { perOctet: 120, besides: 3000 },
  },
  flow: {
    check(input) {
      const templates = new TemplateCache();
      const watched = new TemplateCache();
      for (const bytes of datagramsOf(input)) {
        learnTemplates(bytes, context, watched);
        const plain = [new FlowColumns('flows', 1), new FlowColumns('sums', 1)].map((columns) => {
          const taken = decodeFlowColumns(bytes, context, templates, columns);
          return { columns, taken };
        });
        const { records, pending, learned } = decodeFlows(bytes, context, templates);
        checkFlows(records, bytes, [...templates.export().templates].length);
        check(learned.length * 4 <= bytes.length, 'templates', learned.length);
        for (const { columns, taken } of plain) checkColumns(columns, taken, records, pending.length);
        for (const set of pending) {
          checkFlows([abandonPending(set)], bytes, 0);
          const late = decodePending(set, watched);
          if (late) checkFlows(late, bytes, 0);
        }
        digestOf(datagram('flow', bytes.subarray(0, 65_535)));
      }
      check(
        JSON.stringify(watched.export()) === JSON.stringify(templates.export()),
        'learned',
        'not what was decoded with',
      );
      const taken = new TemplateCache();
      check(taken.import(JSON.parse(JSON.stringify(templates.export()))).refused === 0, 'export', 'refused');
      check(taken.size === templates.size, 'import', taken.size);
    },
    seeds() {
      const sent = [...readDatagrams('flows'), ...readDatagrams('sflow')];
      return [...sent.map((bytes) => session([bytes])), session(sent)];
    },
    words: words.flow,
    work: { perOctet: 300, besides: 5000 },
  },
  sflow: {
    check(input) {
      const { records } = decodeFlows(input, context, new TemplateCache());
      checkFlows(records, input, 0);
    },
    seeds: () => readDatagrams('sflow'),
    words: words.sflow,
    work: { perOctet: 120, besides: 3000 },
  },
  frame: {
    check(input) {
      const { datagrams, fault } = decodeFrame(input);
      check(datagrams.length * 20 <= input.length, 'datagrams', datagrams.length);
      const again = decodeFrame(encodeFrame(datagrams));
      check(again.fault === null && again.datagrams.length === datagrams.length, 'encoded again', again.fault);
      for (const [index, one] of datagrams.entries()) {
        check(one.sourceAddress.length <= 255, 'address', one.sourceAddress.length);
        if (one.bytes.length <= 65_535) digestOf(one);
        check(one.bytes.length === again.datagrams[index]?.bytes.length, 'length', one.bytes.length);
      }
      check(fault === null || fault.length < 200, 'fault', fault);
    },
    seeds: () => [
      encodeFrame(readDatagrams('syslog').map((bytes) => datagram('syslog', bytes))),
      encodeFrame(readDatagrams('traps').map((bytes) => datagram('trap', bytes))),
      encodeFrame(readDatagrams('flows').map((bytes) => datagram('flow', bytes))),
    ],
    words: words.frame,
    work: { perOctet: 60, besides: 2000 },
  },
  stream: {
    check: checkStream,
    seeds() {
      const messages = readDatagrams('syslog');
      const counted = messages.map((bytes) => joined(Buffer.from(`${bytes.length} `), bytes));
      const lines = messages.map((bytes) => joined(bytes, Uint8Array.of(10)));
      return [
        joined(Uint8Array.of(7), ...counted),
        joined(Uint8Array.of(1), ...lines),
        joined(Uint8Array.of(0), ...lines),
      ];
    },
    words: words.stream,
    work: { perOctet: 60, besides: 2000 },
  },
} as const satisfies Record<string, Target>;

export type TargetName = keyof typeof targets;

/** Usual messages are read a shorter way, which must give the same. It is not taken for one with a line end behind it. */
function checkShortWay(input: Uint8Array, record: SyslogRecord): void {
  const { malformed, raw, receivedAtMs: _, sourceAddress: __, facility: ___, severity: ____, ...read } = record;
  if (malformed !== null || raw !== null) return;
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(input).replace(/[\0\r\n]+$/, '');
  const pri = /^<\d{1,3}>/.exec(text)?.[0].length ?? 0;
  const found = readAnyMessage(text, pri, pri === 0 ? 'no PRI' : null, receivedAtMs);
  if (!('parsed' in found)) throw new Error(`the long way: ${found.fault}`);
  const { note: _____, ...parsed } = found.parsed;
  const long = inOrder({ format: found.format, ...parsed });
  check(long === inOrder(read), 'the long way', long);
}

const inOrder = (fields: object): string =>
  JSON.stringify(
    Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value),
  );

/** The short way takes a datagram as a whole, and as the records say, or leaves everything as it was. */
function checkColumns(columns: FlowColumns, taken: boolean, records: readonly FlowRecord[], pending: number): void {
  const { count, holds, runs } = columns;
  check(runs.length === 0 ? count === 0 : runs.at(-1)?.end === count, 'rows', count);
  if (!taken) return check(count === 0, 'rows of what is not taken', count);
  check(pending === 0 && count === records.length, 'rows of flows', count);
  for (const [row, found] of recordsOfColumns(columns).entries()) {
    const record = records[row];
    const [has, wants] = [found, record].map((one) => inOrder(one && holds === 'sums' ? summedOf(one) : (one ?? {})));
    check(has === wants, `row ${row} of ${holds}, not ${wants}`, has);
  }
}

/** In sums what an exporter does not say is 0. */
function summedOf(flow: FlowRecord): object {
  return {
    receivedAtMs: flow.receivedAtMs,
    exporter: flow.exporter,
    malformed: flow.malformed,
    addresses: [flow.sourceAddress ?? '0.0.0.0', flow.destinationAddress ?? '0.0.0.0'],
    ports: [flow.sourcePort ?? 0, flow.destinationPort ?? 0],
    protocol: flow.protocol ?? 0,
    counts: [`${flow.packets ?? 0}`, `${flow.octets ?? 0}`],
    interfaces: [flow.inputInterface ?? 0, flow.outputInterface ?? 0],
  };
}

function checkFlows(records: readonly FlowRecord[], bytes: Uint8Array, templates: number): void {
  check(
    records.length <= bytes.length + 1,
    `records of ${bytes.length} octets with ${templates} templates`,
    records.length,
  );
  for (const record of records) checkRecord(record, bytes);
  const { values } = sizeOf(records);
  check(values <= 25 * records.length + 3 * bytes.length + 10, 'values', values);
}

/** Several datagrams of one exporter in one input, each behind its length in two octets. */
function* datagramsOf(input: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 2 <= input.length;) {
    const end = Math.min(input.length, at + 2 + (input[at] ?? 0) * 256 + (input[at + 1] ?? 0));
    yield input.subarray(at + 2, end);
    at = end;
  }
}

const session = (datagrams: Uint8Array[]): Uint8Array =>
  joined(...datagrams.flatMap((bytes) => [Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]));

const maxMessageBytes = 300;

/** The first octet says how the stream is cut: into chunks, it must give the same messages as in one piece. */
function checkStream(input: Uint8Array): void {
  const chunkBytes = input[0] ?? 0;
  const octets = input.subarray(1);
  const whole = read(octets, octets.length);
  const cut = read(octets, chunkBytes);
  const text = ({ messages, fault, framing, truncated }: ReturnType<typeof read>) =>
    JSON.stringify([messages.map((message) => Buffer.from(message).toString('latin1')), fault, framing, truncated]);
  check(text(whole) === text(cut), `chunks of ${chunkBytes}`, text(cut));
  const bytes = whole.messages.reduce((sum, message) => sum + message.length, 0);
  check(bytes <= octets.length, 'octets given', bytes);
  check(
    whole.messages.every((message) => message.length > 0 && message.length <= maxMessageBytes),
    'message',
    'too long',
  );
}

function read(octets: Uint8Array, chunkBytes: number) {
  const stream = new SyslogStream(maxMessageBytes);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < octets.length; at += Math.max(1, chunkBytes))
    messages.push(...stream.push(octets.subarray(at, at + Math.max(1, chunkBytes))));
  const { framing, fault, truncated } = stream;
  const rest = stream.end();
  if (rest) messages.push(rest);
  return { messages, framing, fault, truncated };
}
