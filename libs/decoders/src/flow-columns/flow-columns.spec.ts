import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFlows, FlowColumnDecoder, flowColumns, TemplateCache, type FlowRecord } from '../index.ts';

const exportMs = Date.UTC(2026, 10, 21, 12);
const context = { sourceAddress: '192.0.2.1', receivedAtMs: exportMs + 250 };
const exporter = 0xc0_00_02_01;

const u16 = (...values: number[]) => values.flatMap((value) => [(value >>> 8) & 0xff, value & 0xff]);
const u32 = (...values: number[]) => values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
const set = (id: number, content: number[]) => [...u16(id, 4 + content.length), ...content];
const message = (version: 9 | 10, ...sets: number[][]) =>
  Uint8Array.from(
    version === 9
      ? [...u16(9, sets.length), ...u32(600_000, exportMs / 1000, 7, 42), ...sets.flat()]
      : [...u16(10, 16 + sets.flat().length), ...u32(exportMs / 1000, 7, 42), ...sets.flat()],
  );

/** Elements that have columns, some in lengths that their column takes and some not, and some that have none. */
const field = fc.constantFrom<[number, number]>(
  [8, 4], [12, 4], [15, 4], [10, 4], [10, 2], [14, 4], [14, 8], [2, 4], [2, 8], [1, 8], [1, 4], [1, 3], [22, 4], [21, 4],
  [152, 8], [153, 8], [150, 4], [151, 4], [154, 8], [7, 2], [7, 4], [11, 2], [6, 1], [6, 2], [4, 1], [5, 1], [16, 4],
  [17, 2], [9, 1], [13, 1], [61, 1], [210, 3], [27, 16], [999, 4],
); // prettier-ignore

const column = (record: FlowRecord, name: string) => {
  const value = record.extra?.[name];
  return typeof value === 'string' ? numberOf(value) : (value ?? 0);
};
const numberOf = (address: string | null) =>
  address === null ? 0 : address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

/** A record as its row should be. */
const rowOf = (record: FlowRecord) => [
  record.receivedAtMs, record.version, record.observationDomain, numberOf(record.sourceAddress),
  numberOf(record.destinationAddress), column(record, 'ipNextHopIPv4Address'), record.sourcePort ?? 0,
  record.destinationPort ?? 0, record.protocol ?? 0, record.tos ?? 0, record.tcpFlags ?? 0, record.inputInterface ?? 0,
  record.outputInterface ?? 0, Number(record.packets ?? 0), Number(record.octets ?? 0), column(record, 'bgpSourceAsNumber'),
  column(record, 'bgpDestinationAsNumber'), column(record, 'sourceIPv4PrefixLength'),
  column(record, 'destinationIPv4PrefixLength'), column(record, 'flowDirection'),
]; // prettier-ignore

function expectAlike(bytes: Uint8Array, templates: TemplateCache): number {
  const columns = flowColumns(3000);
  const { records, pending } = decodeFlows(bytes, context, templates);
  const decoder = new FlowColumnDecoder(templates, columns);
  const taken = decoder.decode(bytes, context, exporter);
  if (taken < 0) {
    expect(columns.count).toBe(0);
    return taken;
  }
  expect(pending).toEqual([]);
  expect(taken).toBe(records.length);
  for (const [row, record] of records.entries()) {
    const { receivedAtMs, version, observationDomain, sourceAddress, destinationAddress, nextHop } = columns;
    const { sourcePort, destinationPort, protocol, tos, tcpFlags, inputInterface, outputInterface } = columns;
    const { packets, octets, sourceAs, destinationAs, sourcePrefix, destinationPrefix, direction } = columns;
    const has = [
      receivedAtMs, version, observationDomain, sourceAddress, destinationAddress, nextHop, sourcePort, destinationPort,
      protocol, tos, tcpFlags, inputInterface, outputInterface, packets, octets, sourceAs, destinationAs, sourcePrefix,
      destinationPrefix, direction,
    ].map((values) => values[row]); // prettier-ignore
    expect(has).toEqual(rowOf(record));
    expect(columns.exporter[row]).toBe(exporter);
    for (const [value, ms] of [
      [columns.startMs[row], record.startMs],
      [columns.endMs[row], record.endMs],
    ])
      // A time that the template does not have is 0, one that is no time NaN.
      expect(Number.isNaN(value) || value === 0 ? null : value).toBe(ms === 0 ? null : ms);
  }
  return taken;
}

describe('flows as columns', () => {
  test('are what the records say, for any template and any octets', () => {
    let rows = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(9 as const, 10 as const),
        fc.array(field, { minLength: 1, maxLength: 6 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.boolean(),
        (version, fields, content, high) => {
          const templates = new TemplateCache();
          const template = message(version, set(version === 9 ? 0 : 2, u16(256, fields.length, ...fields.flat())));
          decodeFlows(template, context, templates);
          expect(expectAlike(template, templates)).toBe(-1);
          // Mostly small numbers, as counters and times are.
          const octets = Array.from(content, (octet, index) => (high || index % 4 > 1 ? octet : 0));
          rows += Math.max(0, expectAlike(message(version, set(256, octets)), templates));
          expectAlike(message(version, set(256, octets), set(256, octets)), templates);
        },
      ),
      { numRuns: 2000 },
    );
    expect(rows).toBeGreaterThan(0);
  });

  test('of version 5 are what the records say, for any octets', () => {
    const word = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 600_000, 0xffff_ffff, exportMs / 1000));
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 3, maxLength: 3 }),
        fc.array(word, { minLength: 24, maxLength: 24 }),
        (head, words) => {
          const header = [...u16(5, 2), ...u32(...head), ...u32(1), 0, 3, ...u16(0)];
          expect(expectAlike(Uint8Array.from([...header, ...u32(...words)]), new TemplateCache())).toBe(2);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('version 5, whole or not at all', () => {
    const header = [...u16(5, 2), ...u32(600_000, exportMs / 1000, 500_000_000, 1), 0, 3, ...u16(0)];
    const record = Array.from({ length: 48 }, (_, index) =>
      index >= 24 && index < 32 ? (index % 4 > 1 ? 7 : 0) : index + 130,
    );
    const whole = Uint8Array.from([...header, ...record, ...record]);
    expect(expectAlike(whole, new TemplateCache())).toBe(2);
    for (let length = 0; length < whole.length; length += 1)
      expect(expectAlike(whole.subarray(0, length), new TemplateCache())).toBe(-1);
  });

  test('a datagram that is refused for its last set leaves nothing behind', () => {
    const templates = new TemplateCache();
    const fields = (id: number, ...list: number[]) => [...u16(id, list.length / 2, ...list)];
    decodeFlows(message(9, set(0, [...fields(256, 5, 1, 4, 1), ...fields(257, 4, 1)])), context, templates);
    const columns = flowColumns(10);
    const decoder = new FlowColumnDecoder(templates, columns);
    const refused = message(9, set(256, [7, 17, 7, 17]), set(777, [1, 2, 3, 4]));
    expect(decoder.decode(refused, context, exporter)).toBe(-1);
    expect(decoder.decode(message(9, set(257, [6, 6])), context, exporter)).toBe(2);
    expect([columns.tos.slice(0, 2), columns.protocol.slice(0, 2)]).toEqual([
      new Uint8Array(2),
      new Uint8Array([6, 6]),
    ]);
  });

  test('a full block takes no more', () => {
    const header = [...u16(5, 1), ...u32(600_000, exportMs / 1000, 0, 1), 0, 3, ...u16(0)];
    const bytes = Uint8Array.from([...header, ...Array.from({ length: 48 }, () => 9)]);
    const columns = flowColumns(2);
    const decoder = new FlowColumnDecoder(new TemplateCache(), columns);
    expect([1, 2, 3].map(() => decoder.decode(bytes, context, exporter))).toEqual([1, 1, -1]);
    expect(columns.count).toBe(2);
  });
});
