import { encodeFrame } from '@hotstandby/core/frame';

export const formats = ['syslog3164', 'syslog5424', 'nf5', 'nf9', 'nf5-unique', 'nf5-varied', 'trap2c'] as const;
export type Format = (typeof formats)[number];

/** How many records a datagram of a format holds. */
export const recordsOf: Record<Format, number> = {
  syslog3164: 1,
  syslog5424: 1,
  nf5: 30,
  nf9: 24,
  'nf5-unique': 30,
  'nf5-varied': 30,
  trap2c: 1,
};

/** Flows that repeat: as many distinct ones as the peers' benchmark sends. */
const distinctFlows = 122_880;
const frameBytes = 65_536;
const exporter = '192.0.2.9';

/** Frames as INGEST holds them, `datagrams` in all. The n-th datagram of a format is always the same. */
export function* framesOf(format: Format, datagrams: number, receivedAtMs: () => number): Generator<Uint8Array> {
  const make = makers[format];
  let frame: { bytes: Uint8Array; receivedAtMs: number }[] = [];
  let size = 0;
  const kind = format.startsWith('syslog') ? ('syslog' as const) : format === 'trap2c' ? ('trap' as const) : ('flow' as const);
  const framed = () =>
    encodeFrame(
      frame.map((one) => ({ ...one, kind, sourceAddress: exporter, sourcePort: 40_000, localPort: 2055 })),
    );
  for (let index = 0; index < datagrams; index++) {
    const bytes = make(index);
    if (size + bytes.length + 40 > frameBytes) {
      yield framed();
      [frame, size] = [[], 0];
    }
    frame.push({ bytes, receivedAtMs: receivedAtMs() });
    size += bytes.length + 40;
  }
  if (frame.length > 0) yield framed();
}

const makers: Record<Format, (index: number) => Uint8Array> = {
  syslog3164: (index) =>
    text(`<${13 + (index % 150)}>Oct 11 22:14:15 router${index % 100} app[${index % 1000}]: message ${index} `.padEnd(160, 'x')),
  syslog5424: (index) =>
    text(
      `<${13 + (index % 150)}>1 2026-11-21T10:00:00.${String(index % 1000).padStart(3, '0')}Z router${index % 100} app ${index % 1000} ID47 [x@32473 iut="3" seq="${index}"] message `.padEnd(224, 'x'),
    ),
  nf5: (index) => netflow5(index, index * 30, distinctFlows),
  'nf5-unique': (index) => netflow5(index, index * 30, 2 ** 32),
  'nf5-varied': (index) => varied(netflow5(index, index * 30, 2 ** 32), index),
  nf9: (index) => netflow9(index),
  trap2c: (index) => trap(index),
};

const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

function netflow5(index: number, first: number, distinct: number): Buffer {
  const bytes = Buffer.alloc(24 + 30 * 48);
  bytes.writeUInt16BE(5, 0);
  bytes.writeUInt16BE(30, 2);
  bytes.writeUInt32BE(3_600_000, 4);
  bytes.writeUInt32BE(Math.floor(Date.now() / 1000), 8);
  bytes.writeUInt32BE(index * 30, 16);
  for (let record = 0; record < 30; record++) {
    const at = 24 + record * 48;
    flowFields(bytes, at, (first + record) % distinct, { source: 0, destination: 4, sourcePort: 32, destinationPort: 34 });
    bytes.writeUInt16BE(1 + (record % 8), at + 12);
    bytes.writeUInt16BE(9 + (record % 8), at + 14);
    bytes.writeUInt32BE(10, at + 16);
    bytes.writeUInt32BE(8000, at + 20);
    bytes.writeUInt32BE(3_590_000, at + 24);
    bytes.writeUInt32BE(3_599_000, at + 28);
    bytes[at + 37] = 0x1b;
    bytes[at + 38] = 6;
  }
  return bytes;
}

/** No column is alike in the flows of a datagram, as the others' mostly are: what storing costs at the most. */
function varied(bytes: Buffer, index: number): Uint8Array {
  for (let record = 0; record < 30; record++) {
    const at = 24 + record * 48;
    const some = Math.imul(index * 30 + record, 0x9e3779b1) >>> 0;
    bytes.writeUInt32BE(0xc0000200 + (some & 63), at + 8);
    bytes.writeUInt32BE(1 + (some >>> 20), at + 16);
    bytes.writeUInt32BE(40 + (some >>> 12), at + 20);
    bytes.writeUInt32BE(3_500_000 + (some >>> 16), at + 24);
    bytes.writeUInt32BE(3_570_000 + (some >>> 18), at + 28);
    bytes[at + 37] = some >>> 27;
    bytes[at + 38] = (some & 3) === 0 ? 17 : 6;
    bytes[at + 39] = some & 0xfc;
    bytes.writeUInt16BE(64_496 + (some & 15), at + 40);
    bytes.writeUInt16BE(64_512 + ((some >>> 4) & 15), at + 42);
    bytes[at + 44] = 16 + (some & 15);
    bytes[at + 45] = 16 + ((some >>> 8) & 15);
  }
  return bytes;
}

function flowFields(
  bytes: Buffer,
  at: number,
  flow: number,
  places: { source: number; destination: number; sourcePort: number; destinationPort: number },
): void {
  bytes.writeUInt32BE((0x0a000000 + (flow % 65_536)) >>> 0, at + places.source);
  bytes.writeUInt32BE((0xc0a80000 + (Math.floor(flow / 64) % 65_536)) >>> 0, at + places.destination);
  bytes.writeUInt16BE(1024 + (flow % 60_000), at + places.sourcePort);
  bytes.writeUInt16BE([80, 443, 53, 22, 8080, 3306, 25, 5060][flow % 8] ?? 0, at + places.destinationPort);
}

/** 8 source, 12 destination, 7, 11 ports, 4 protocol, 2 packets, 1 octets, 22/21 times, 10, 14 interfaces, 6 flags, 5 tos. */
const template9 = [
  [8, 4], [12, 4], [7, 2], [11, 2], [4, 1], [2, 4], [1, 4], [22, 4], [21, 4], [10, 4], [14, 4], [6, 1], [5, 1], [16, 2], [17, 2], [9, 1], [13, 1], [61, 1], [15, 4],
] as const;
const record9Bytes = template9.reduce((sum, [, length]) => sum + length, 0);

function netflow9(index: number): Uint8Array {
  const withTemplate = index % 500 === 0;
  const templateBytes = withTemplate ? 8 + template9.length * 4 : 0;
  const dataBytes = 4 + 24 * record9Bytes;
  const padding = (4 - (dataBytes % 4)) % 4;
  const bytes = Buffer.alloc(20 + templateBytes + dataBytes + padding);
  bytes.writeUInt16BE(9, 0);
  bytes.writeUInt16BE(24 + (withTemplate ? 1 : 0), 2);
  bytes.writeUInt32BE(3_600_000, 4);
  bytes.writeUInt32BE(Math.floor(Date.now() / 1000), 8);
  bytes.writeUInt32BE(index, 12);
  let at = 20;
  if (withTemplate) {
    at = bytes.writeUInt16BE(0, at);
    at = bytes.writeUInt16BE(templateBytes, at);
    at = bytes.writeUInt16BE(256, at);
    at = bytes.writeUInt16BE(template9.length, at);
    for (const [element, length] of template9) at = bytes.writeUInt16BE(length, bytes.writeUInt16BE(element, at));
  }
  at = bytes.writeUInt16BE(256, at);
  at = bytes.writeUInt16BE(dataBytes + padding, at);
  for (let record = 0; record < 24; record++) {
    flowFields(bytes, at, (index * 24 + record) % distinctFlows, { source: 0, destination: 4, sourcePort: 8, destinationPort: 10 });
    bytes[at + 12] = 6;
    bytes.writeUInt32BE(10, at + 13);
    bytes.writeUInt32BE(8000, at + 17);
    bytes.writeUInt32BE(3_590_000, at + 21);
    bytes.writeUInt32BE(3_599_000, at + 25);
    bytes.writeUInt32BE(1 + (record % 8), at + 29);
    bytes.writeUInt32BE(9 + (record % 8), at + 33);
    bytes[at + 37] = 0x1b;
    at += record9Bytes;
  }
  return bytes;
}

/** A linkDown of version 2c with five variables. */
function trap(index: number): Uint8Array {
  const tlv = (tag: number, ...content: number[]): number[] => [tag, ...(content.length < 128 ? [content.length] : [0x81, content.length]), ...content];
  const integer = (value: number) => tlv(2, (value >>> 24) & 0x7f, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  const oid = (...arcs: number[]) => tlv(6, 0x2b, 6, 1, ...arcs);
  const bind = (name: number[], value: number[]) => tlv(0x30, ...name, ...value);
  const port = 1 + (index % 200 > 127 ? 100 : index % 100);
  const binds = [
    bind(oid(2, 1, 1, 3, 0), tlv(0x43, ...integer(index).slice(2))),
    bind(oid(6, 3, 1, 1, 4, 1, 0), oid(6, 3, 1, 1, 5, 3)),
    bind(oid(2, 1, 2, 2, 1, 1, port), integer(port)),
    bind(oid(2, 1, 2, 2, 1, 7, port), integer(1)),
    bind(oid(2, 1, 2, 2, 1, 8, port), integer(2)),
  ];
  const pdu = tlv(0xa7, ...integer(index), ...integer(0), ...integer(0), ...tlv(0x30, ...binds.flat()));
  return Uint8Array.from(tlv(0x30, ...integer(1), ...tlv(4, ...text('public')), ...pdu));
}
