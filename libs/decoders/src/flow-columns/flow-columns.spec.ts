import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeFlowColumns,
  decodeFlows,
  FlowColumns,
  recordsOfColumns,
  TemplateCache,
  type ColumnsHold,
  type FlowRecord,
} from '../index.ts';

const exportMs = Date.UTC(2026, 10, 21, 12);
const context = { sourceAddress: '192.0.2.1', receivedAtMs: exportMs + 250 };

const u16 = (...values: number[]) => values.flatMap((value) => [(value >>> 8) & 0xff, value & 0xff]);
const u32 = (...values: number[]) => values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
const set = (id: number, content: number[]) => [...u16(id, 4 + content.length), ...content];
const message = (version: 9 | 10, ...sets: number[][]) =>
  Uint8Array.from(
    version === 9
      ? [...u16(9, sets.length), ...u32(600_000, exportMs / 1000, 7, 42), ...sets.flat()]
      : [...u16(10, 16 + sets.flat().length), ...u32(exportMs / 1000, 7, 42), ...sets.flat()],
  );
const templateOf = (version: 9 | 10, id: number, fields: readonly (readonly [number, number])[]) =>
  message(version, set(version === 9 ? 0 : 2, u16(id, fields.length, ...fields.flat())));
const version5 = (
  records: number,
  words: (index: number) => number,
  { sampling = 0, head = [600_000, exportMs / 1000, 5e8] } = {},
) =>
  Uint8Array.from([
    ...u16(5, records),
    ...u32(...head, 1),
    ...u16(3, sampling),
    ...u32(...Array.from({ length: records * 12 }, (_, index) => words(index))),
  ]);

/** What of a record is summed; what an exporter does not say is 0. */
const summed = (record: FlowRecord) => ({
  receivedAtMs: record.receivedAtMs,
  exporter: record.exporter,
  addresses: [record.sourceAddress ?? '0.0.0.0', record.destinationAddress ?? '0.0.0.0'],
  ports: [record.sourcePort ?? 0, record.destinationPort ?? 0],
  protocol: record.protocol ?? 0,
  interfaces: [record.inputInterface ?? 0, record.outputInterface ?? 0],
  counts: [record.packets ?? 0n, record.octets ?? 0n],
  malformed: record.malformed,
});

/** Looks whether the rows of a datagram are its records. Gives their number, -1 when it is left to the decoder of records. */
function expectAlike(
  bytes: Uint8Array,
  templates: TemplateCache,
  holds: ColumnsHold = 'flows',
  into = new FlowColumns(holds),
) {
  const before = [into.count, JSON.stringify(into.runs)];
  const taken = decodeFlowColumns(bytes, context, templates, into);
  if (!taken) {
    expect([into.count, JSON.stringify(into.runs)]).toEqual(before);
    return -1;
  }
  const { records, pending, learned, optionsRecords } = decodeFlows(bytes, context, templates);
  expect([pending, learned, optionsRecords]).toEqual([[], [], 0]);
  const rows = recordsOfColumns(into).slice(Number(before[0]));
  if (holds === 'sums') expect(rows.map(summed)).toEqual(records.map(summed));
  else expect(rows).toEqual(records);
  return rows.length;
}

/** Elements that have columns, in lengths that these take and in others, and elements that have none. */
const field = fc.constantFrom<[number, number]>(
  [8, 4], [12, 4], [15, 4], [18, 4], [225, 4], [10, 4], [10, 2], [10, 1], [14, 3], [14, 4], [252, 4], [2, 4], [2, 8], [86, 8], [1, 8],
  [1, 4], [1, 3], [1, 1], [85, 6], [85, 7], [22, 4], [22, 8], [21, 4], [152, 8], [153, 8], [150, 4], [151, 4], [154, 8], [158, 4], [7, 2],
  [7, 1], [7, 4], [180, 2], [11, 2], [6, 1], [6, 2], [6, 4], [4, 1], [4, 2], [5, 1], [16, 4], [17, 2], [16, 3], [9, 1], [13, 1],
  [61, 1], [136, 1], [89, 1], [58, 2], [148, 8], [32, 2], [210, 3], [27, 16], [28, 16], [82, 6], [56, 6], [276, 1], [999, 4], [8, 0],
); // prettier-ignore
const known = field.filter(([number]) => ![27, 28, 82, 56, 276, 999, 148, 154, 158].includes(number));

describe('flows as columns', () => {
  test('are what the records say, for any template and any octets', () => {
    const taken = { flows: 0, sums: 0 };
    let rows = 0;
    const one = fc.record({
      version: fc.constantFrom(9 as const, 10 as const),
      fields: fc.oneof(
        fc.array(field, { minLength: 1, maxLength: 6 }),
        fc.array(known, { minLength: 1, maxLength: 12, size: 'max' }),
      ),
      content: fc.uint8Array({ maxLength: 120, size: 'max' }),
      isHigh: fc.boolean(),
      cut: fc.constantFrom(0, 0, 0, 0, 0, 1, 4),
    });
    fc.assert(
      fc.property(
        one,
        fc.constantFrom('flows' as const, 'sums' as const),
        ({ version, fields, content, isHigh, cut }, holds) => {
          const templates = new TemplateCache();
          // Every flow counts something.
          const all = fields.some(([number]) => number === 1 || number === 2)
            ? fields
            : [...fields, [1, 4] as [number, number]];
          const template = templateOf(version, 256, all);
          expect(expectAlike(message(version, set(256, [1, 2, 3, 4])), templates, holds)).toBe(-1);
          expect(expectAlike(template, templates, holds)).toBe(-1);
          decodeFlows(template, context, templates);
          // Mostly small numbers, as counters and times are.
          const octets = Array.from(content, (octet, index) => (isHigh || index % 4 > 1 ? octet : 0));
          const first = message(version, set(256, octets));
          const found = expectAlike(first.subarray(0, first.length - cut), templates, holds);
          if (found > 0) taken[holds] += 1;
          rows += Math.max(0, found);
          expectAlike(message(version, set(256, octets), set(256, octets)), templates, holds);
        },
      ),
      { numRuns: 2000 },
    );
    expect([taken.flows > 100, taken.sums > 100, rows > 500], JSON.stringify({ taken, rows })).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('of version 5 are what the records say, for any octets', () => {
    const word = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 600_000, 0xffff_ffff, exportMs / 1000));
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 3, maxLength: 3 }),
        fc.array(word, { minLength: 24, maxLength: 24 }),
        fc.constantFrom(0, 0, 0x4064, 0xffff),
        fc.constantFrom('flows' as const, 'sums' as const),
        (head, words, sampling, holds) => {
          const bytes = version5(2, (index) => words[index] ?? 0, { sampling, head });
          expect(expectAlike(bytes, new TemplateCache(), holds)).toBe(2);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('take a version 5 datagram whole or not at all', () => {
    const whole = version5(2, (index) => index * 0x0101);
    expect(expectAlike(whole, new TemplateCache())).toBe(2);
    for (let length = 0; length < whole.length; length += 1)
      expect(expectAlike(whole.subarray(0, length), new TemplateCache())).toBe(-1);
    const announcesMore = Uint8Array.from(whole);
    announcesMore.set(u16(3), 2);
    expect(expectAlike(announcesMore, new TemplateCache())).toBe(-1);
    expect(
      expectAlike(
        version5(0, () => 0),
        new TemplateCache(),
      ),
    ).toBe(0);
  });

  test('leave nothing behind of a datagram that is refused for its last set', () => {
    const templates = new TemplateCache();
    decodeFlows(templateOf(9, 256, [[5, 1], [1, 4]]), context, templates); // prettier-ignore
    decodeFlows(templateOf(9, 257, [[1, 4]]), context, templates);
    const into = new FlowColumns('flows');
    expect(expectAlike(message(9, set(256, [7, 0, 0, 0, 17])), templates, 'flows', into)).toBe(1);
    const refused = message(9, set(256, [8, 0, 0, 0, 9]), set(257, u32(1)), set(777, [1, 2, 3, 4]));
    expect(expectAlike(refused, templates, 'flows', into)).toBe(-1);
    // Rows that were written before hold nothing of what was refused.
    expect(expectAlike(message(9, set(257, u32(5, 6))), templates, 'flows', into)).toBe(2);
    expect(recordsOfColumns(into).map(({ tos, octets }) => [tos, octets])).toEqual([[7, 17n], [null, 5n], [null, 6n]]); // prettier-ignore
  });

  test('leave to records what no column holds whole', () => {
    const templates = new TemplateCache();
    const wide = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    const of = (fields: [number, number][], content: number[], holds: ColumnsHold) => {
      decodeFlows(templateOf(10, 300, [...fields, [2, 4]]), context, templates);
      return expectAlike(message(10, set(300, [...content, ...u32(9)])), templates, holds);
    };
    const ways = (fields: [number, number][], content: number[]) => [
      of(fields, content, 'flows'),
      of(fields, content, 'sums'),
    ];
    expect(ways([[8, 4], [12, 4]], u32(1, 2))).toEqual([1, 1]); // prettier-ignore
    expect(
      ways(
        [[27, 16]],
        Array.from({ length: 16 }, () => 1),
      ),
    ).toEqual([-1, -1]);
    expect(ways([[1, 8]], wide)).toEqual([-1, -1]);
    expect(ways([[999, 4]], u32(1))).toEqual([-1, 1]);
    expect(ways([[82, 3]], [104, 105, 0])).toEqual([-1, 1]);
    expect(ways([[153, 8]], wide)).toEqual([-1, 1]);
    expect(ways([[82, 65_535]], [2, 104, 105])).toEqual([-1, -1]);
    // Nobody knows when the exporter started, until its options say so.
    expect(ways([[22, 4]], u32(5000))).toEqual([-1, 1]);
    templates.setSystemInit({
      exporter: context.sourceAddress,
      observationDomain: 42,
      systemInitMs: exportMs - 60_000,
      learnedAtMs: exportMs,
    });
    expect(ways([[22, 4]], u32(5000))).toEqual([1, 1]);
    // What counts nothing is no flow, and nothing to be summed.
    decodeFlows(templateOf(10, 300, [[8, 4]]), context, templates);
    for (const holds of ['flows', 'sums'] as const)
      expect(expectAlike(message(10, set(300, u32(1))), templates, holds)).toBe(-1);
  });

  test('go by the template of the moment', () => {
    const templates = new TemplateCache();
    const data = message(9, set(256, [...u32(7), ...u32(8)]));
    const into = new FlowColumns('flows');
    for (const fields of [
      [
        [1, 4],
        [2, 4],
      ],
      [
        [2, 4],
        [1, 4],
      ],
      [
        [1, 4],
        [16, 4],
      ],
    ] as [number, number][][]) {
      // prettier-ignore
      decodeFlows(templateOf(9, 256, fields), context, templates);
      expect(expectAlike(data, templates, 'flows', into)).toBe(1);
    }
    expect(recordsOfColumns(into).map(({ octets, packets, extra }) => [octets, packets, extra])).toEqual([
      [7n, 8n, null],
      [8n, 7n, null],
      [7n, null, { bgpSourceAsNumber: 8 }],
    ]);
    templates.withdraw({ exporter: context.sourceAddress, version: 9, observationDomain: 42, templateId: 256 });
    expect(expectAlike(data, templates, 'flows', into)).toBe(-1);
  });

  test('grow, keep what differs apart, and are used again', () => {
    const into = new FlowColumns('flows', 8);
    for (const holds of [1, 2]) {
      for (let n = 0; n < 40; n += 1) {
        const bytes = version5(3, (index) => n * 65_536 + index, { sampling: n > 30 ? 0x4001 : 0 });
        const from = { sourceAddress: n < 20 ? '192.0.2.1' : '192.0.2.2', receivedAtMs: exportMs + (n >> 2) };
        expect(decodeFlowColumns(bytes, from, new TemplateCache(), into)).toBe(true);
      }
      expect(into.count).toBe(120);
      expect(into.runs.map(({ end }) => end)).toEqual([12, 24, 36, 48, 60, 72, 84, 93, 96, 108, 120]);
      const rows = recordsOfColumns(into);
      expect(rows.map(({ packets }) => packets)).toEqual(
        rows.map((_, row) => BigInt(Math.floor(row / 3) * 65_536 + (row % 3) * 12 + 4)),
      );
      expect(rows.filter(({ extra }) => extra?.['samplingInterval'] === 1)).toHaveLength(27);
      into.truncate(holds === 1 ? 0 : 13);
    }
    expect(into.runs.map(({ end }) => end)).toEqual([12, 13]);
  });

  test('do not stay as large as one message made them', () => {
    const templates = new TemplateCache();
    decodeFlows(templateOf(9, 256, [[1, 1]]), context, templates); // prettier-ignore
    const into = new FlowColumns('flows', 64);
    const many = message(
      9,
      set(
        256,
        Array.from({ length: 60_000 }, (_, index) => index % 256),
      ),
    );
    expect(expectAlike(many, templates, 'flows', into)).toBe(60_000);
    expect(into.capacity).toBeGreaterThanOrEqual(60_000);
    into.truncate(0);
    expect([into.capacity, into.slots.every(({ length }) => length === 64)]).toEqual([64, true]);
    expect(expectAlike(message(9, set(256, [1, 2, 3])), templates, 'flows', into)).toBe(3);
  });
});
