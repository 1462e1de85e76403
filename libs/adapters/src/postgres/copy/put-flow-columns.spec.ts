import { decodeFlowColumns, decodeFlows, FlowColumns, TemplateCache, type FlowRecord } from '@hotstandby/decoders';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { flowColumns, flowRunColumns } from '../record-columns.ts';
import { putFlowColumns } from './put-flow-columns.ts';
import { putRecord } from './put-record.ts';
import { fieldsOf, tuplesIn } from './read-tuples.ts';
import { TupleWriter } from './tuple-writer.ts';

const u16 = (...values: number[]) => values.flatMap((value) => [value >> 8, value & 255]);
const u32 = (...values: number[]) => values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
const set = (id: number, content: number[]) => [...u16(id, content.length + 4), ...content];
const version9 = (...sets: number[][]) =>
  Uint8Array.from([...u16(9, 1), ...u32(600_000, 1_700_000_000, 1, 7), ...sets.flat()]);

const into = new TupleWriter();
const names = flowColumns.map(({ name }) => name);

/** Fields by column; JSON as the value that it says. */
function rows(put: () => void) {
  put();
  return [...tuplesIn(into.take() ?? Buffer.alloc(0))].map((tuple) =>
    fieldsOf(tuple).map((octets, index) => {
      const isJson = names[index - 1] === 'extra' && octets !== null;
      return isJson
        ? [octets[0], JSON.parse(octets.subarray(1).toString()) as unknown]
        : (octets?.toString('hex') ?? null);
    }),
  );
}
const putRecords = (records: readonly FlowRecord[]) => () => {
  for (const record of records) putRecord(into, 5, flowColumns, record);
};

const field = fc.constantFrom<[number, number]>(
  [8, 4], [12, 4], [15, 4], [10, 2], [14, 4], [2, 8], [1, 4], [22, 4], [153, 8], [150, 4], [7, 2], [11, 2], [6, 1], [4, 1], [5, 1],
  [16, 4], [17, 2], [9, 1], [136, 1], [58, 2], [210, 3],
); // prettier-ignore

it('writes the tuples that records of the same flows become, whatever the template has', () => {
  let written = 0;
  const exporter = fc.constantFrom('192.0.2.9', '2001:db8::9', 'fe80::1%eth0');
  const receivedAtMs = fc.constantFrom(1_700_000_000_123, 0, Number.NaN);
  fc.assert(
    fc.property(
      fc.uniqueArray(field, { minLength: 1, maxLength: 10, size: 'max', selector: ([number]) => number }),
      fc.uint8Array({ minLength: 60, maxLength: 100 }),
      exporter,
      receivedAtMs,
      (fields, content, sourceAddress, atMs) => {
        const context = { sourceAddress, receivedAtMs: atMs };
        const templates = new TemplateCache();
        decodeFlows(
          version9(set(0, [...u16(256, fields.length), ...fields.flatMap((one) => u16(...one))])),
          context,
          templates,
        );
        const bytes = version9(
          set(
            256,
            Array.from(content, (octet, index) => (index % 4 > 1 ? octet : 0)),
          ),
        );
        const columns = new FlowColumns('flows');
        if (!decodeFlowColumns(bytes, context, templates, columns)) return;
        const { records } = decodeFlows(bytes, context, templates);
        written += records.length;
        const expected = rows(putRecords(records));
        expect(rows(() => putFlowColumns(into, 5, flowRunColumns, columns))).toEqual(expected);
      },
    ),
    { numRuns: 400 },
  );
  expect(written).toBeGreaterThan(200);
});

it('writes version 5 with and without sampling', () => {
  const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
  const columns = new FlowColumns('flows');
  const records = [0, 0x4064, 0].flatMap((sampling, index) => {
    const flows = Array.from({ length: 24 }, (_, word) => (word % 12) * 0x01010101 + index);
    const bytes = Uint8Array.from([
      ...u16(5, 2),
      ...u32(index === 2 ? 0xffff_ffff : 600_000, index === 2 ? 0 : 1_700_000_000, 0, 1),
      ...u16(3, sampling),
      ...u32(...flows),
    ]);
    expect(decodeFlowColumns(bytes, context, new TemplateCache(), columns)).toBe(true);
    return decodeFlows(bytes, context, new TemplateCache()).records;
  });
  const expected = rows(putRecords(records));
  expect(expected).toHaveLength(6);
  expect(rows(() => putFlowColumns(into, 5, flowRunColumns, columns))).toEqual(expected);
});
