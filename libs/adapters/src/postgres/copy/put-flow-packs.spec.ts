import {
  decodeFlowColumns,
  decodeFlows,
  FlowColumns,
  recordsOfColumns,
  TemplateCache,
  type FlowRecord,
} from '@hotstandby/decoders';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flowColumns, flowRunColumns } from '../record-columns.ts';
import { fewestFlowsOfPack, flowPackArrays, flowPackColumns, mostFlowsOfPack, putFlowPacks } from './put-flow-packs.ts';
import { putRecord } from './put-record.ts';
import { fieldsOf, tuplesIn } from './read-tuples.ts';
import { flowsOfPack } from './split-pack.ts';
import { TupleWriter } from './tuple-writer.ts';

const u16 = (...values: number[]) => values.flatMap((value) => [value >> 8, value & 255]);
const u32 = (...values: number[]) => values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
const set = (id: number, content: number[]) => [...u16(id, content.length + 4), ...content];
const message = (version: 9 | 10, ...sets: number[][]) =>
  Uint8Array.from([
    ...(version === 9
      ? [...u16(9, 1), ...u32(600_000, 1_700_000_000, 1, 7)]
      : [...u16(10, 16 + sets.flat().length), ...u32(1_700_000_000, 1, 7)]),
    ...sets.flat(),
  ]);
const netflow5 = (flows: number, sampling: number, word: (index: number) => number) =>
  Uint8Array.from([
    ...u16(5, flows),
    ...u32(600_000, 1_700_000_000, 5e8, 1),
    ...u16(258, sampling),
    ...u32(...Array.from({ length: flows * 12 }, (_, index) => word(index))),
  ]);

const into = new TupleWriter();
const taken = () => [...tuplesIn(into.take() ?? Buffer.alloc(0))];
type Row = Record<string, unknown>;

/** What the columns of `flow_record` say, each in the octets of its type; JSON as the value that it says. */
function rowsOfRecords(records: readonly FlowRecord[]): Row[] {
  for (const record of records) putRecord(into, 5, flowColumns, record);
  const names = ['epoch', ...flowColumns.map(({ name }) => name), 'altered'];
  return taken().map((tuple) => {
    const fields = fieldsOf(tuple).map((field, index) => [names[index], said(names[index] ?? '', field)] as const);
    return Object.fromEntries(fields);
  });
}
const said = (name: string, field: Buffer | null): unknown =>
  name === 'extra' && field ? JSON.parse(field.subarray(1).toString()) : (field?.toString('hex') ?? null);

const addresses = new Set(['source_address', 'destination_address', 'next_hop']);
const asInt4 = new Set(['source_port', 'destination_port', 'tcp_flags']);
const asInt8 = new Set([
  ...['input_interface', 'output_interface', 'source_as', 'destination_as', 'source_prefix', 'destination_prefix'],
]);

/** The same of packs, as the view `flow_record` reads them. */
function rowsOfPack(tuple: Buffer): Row[] {
  const fields = fieldsOf(tuple);
  expect(fields).toHaveLength(flowPackColumns.length);
  const alike: Row = { malformed: null, raw: null };
  const rows: Row[] = Array.from({ length: fields[5]?.readInt32BE(0) ?? 0 }, () => ({}));
  expect(rows.length).toBeLessThanOrEqual(mostFlowsOfPack);
  for (const [index, name] of flowPackColumns.entries()) {
    const field = fields[index] ?? null;
    if (name === 'flows') continue;
    if (index < flowPackArrays.from || index >= flowPackArrays.end || !field) alike[name] = said(name, field);
    else {
      const elements = elementsOf(field);
      expect([1, rows.length]).toContain(elements.length);
      for (const [flow, row] of rows.entries())
        row[name] = saidOfElement(name, elements[elements.length === 1 ? 0 : flow] ?? Buffer.alloc(0));
    }
  }
  return rows.map((row) => ({ ...alike, ...row }));
}

function elementsOf(array: Buffer): Buffer[] {
  const [dimensions, nulls, , count, first] = [0, 4, 8, 12, 16].map((at) => array.readInt32BE(at));
  expect([dimensions, nulls, first]).toEqual([1, 0, 1]);
  const elements: Buffer[] = [];
  let at = 20;
  for (let index = 0; index < (count ?? 0); index += 1) {
    const end = at + 4 + array.readInt32BE(at);
    elements.push(array.subarray(at + 4, end));
    at = end;
  }
  expect(at).toBe(array.length);
  return elements;
}

function saidOfElement(name: string, element: Buffer): unknown {
  const hex = element.toString('hex');
  if (addresses.has(name)) return `02200004${hex}`;
  if (asInt4.has(name)) return `0000${hex}`;
  if (asInt8.has(name)) return `00000000${hex}`;
  if (hex === '8000000000000000') return null;
  return said(name, element);
}

function rowsOfColumns(columns: FlowColumns): Row[] {
  putFlowPacks(into, 5, flowRunColumns, columns, 1);
  return taken().flatMap(rowsOfPack);
}

const field = fc.constantFrom<[number, number]>(
  [8, 4], [12, 4], [15, 4], [10, 2], [14, 4], [2, 8], [1, 4], [22, 4], [153, 8], [150, 4], [7, 2], [11, 2], [6, 1], [4, 1], [5, 1],
  [16, 4], [17, 2], [9, 1], [136, 1], [58, 2], [210, 3],
); // prettier-ignore

describe('packs of flows', () => {
  it('hold what records of the same flows become, whatever the template has', () => {
    let written = 0;
    const exporter = fc.constantFrom('192.0.2.9', '2001:db8::9', 'fe80::1%eth0');
    const receivedAtMs = fc.constantFrom(1_700_000_000_123, 0, Number.NaN);
    fc.assert(
      fc.property(
        fc.constantFrom<9 | 10>(9, 10),
        fc.uniqueArray(field, { minLength: 1, maxLength: 10, size: 'max', selector: ([number]) => number }),
        fc.uint8Array({ minLength: 60, maxLength: 100 }),
        exporter,
        receivedAtMs,
        (version, fields, content, sourceAddress, atMs) => {
          const context = { sourceAddress, receivedAtMs: atMs };
          const templates = new TemplateCache();
          const template = [...u16(256, fields.length), ...fields.flatMap((one) => u16(...one))];
          decodeFlows(message(version, set(version === 9 ? 0 : 2, template)), context, templates);
          const octets = Array.from(content, (octet, index) => (index % 4 > 1 ? octet : 0));
          const bytes = message(version, set(256, octets));
          const columns = new FlowColumns('flows');
          if (!decodeFlowColumns(bytes, context, templates, columns)) return;
          const { records } = decodeFlows(bytes, context, templates);
          written += records.length;
          expect(rowsOfColumns(columns)).toEqual(rowsOfRecords(records));
        },
      ),
      { numRuns: 600 },
    );
    expect(written).toBeGreaterThan(200);
  });

  it('hold version 5, whatever its octets are, with and without sampling', () => {
    const word = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 600_000, 0xffff_ffff));
    fc.assert(
      fc.property(fc.array(word, { minLength: 36, maxLength: 36 }), fc.constantFrom(0, 0x4064), (words, sampling) => {
        const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
        const columns = new FlowColumns('flows');
        const records = [0, sampling].flatMap((one) => {
          const bytes = netflow5(3, one, (index) => words[index] ?? 0);
          expect(decodeFlowColumns(bytes, context, new TemplateCache(), columns)).toBe(true);
          return decodeFlows(bytes, context, new TemplateCache()).records;
        });
        expect(rowsOfColumns(columns)).toEqual(rowsOfRecords(records));
      }),
      { numRuns: 200 },
    );
  });

  it('are several, alike in size, of a run that is too large for one, and end with their run', () => {
    const columns = new FlowColumns('flows');
    const records: FlowRecord[] = [];
    const add = (flows: number, receivedAtMs: number) => {
      const context = { sourceAddress: '192.0.2.9', receivedAtMs };
      const bytes = netflow5(flows, 0, (index) => index * 0x0101_0101);
      decodeFlowColumns(bytes, context, new TemplateCache(), columns);
      records.push(...decodeFlows(bytes, context, new TemplateCache()).records);
    };
    for (let datagram = 0; datagram < 7; datagram += 1) add(30, 1_700_000_000_000);
    add(1, 1_700_000_000_001);
    add(mostFlowsOfPack, 1_700_000_000_002);
    add(mostFlowsOfPack + 1, 1_700_000_000_003);
    putFlowPacks(into, 5, flowRunColumns, columns, 1);
    const packs = taken();
    expect(packs.map((pack) => rowsOfPack(pack).length)).toEqual([70, 70, 70, 1, 90, 46, 45]);
    expect(packs.flatMap(rowsOfPack)).toEqual(rowsOfRecords(records));
  });

  it('are smaller where flows have much that no column is for', () => {
    const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
    const templates = new TemplateCache();
    const template = [...u16(256, 5), ...u16(1, 4, 58, 2, 61, 1, 136, 1, 89, 4)];
    decodeFlows(message(9, set(0, template)), context, templates);
    const sizesOf = (octet: (index: number) => number) => {
      const columns = new FlowColumns('flows');
      const bytes = message(
        9,
        set(
          256,
          Array.from({ length: 90 * 12 }, (_, index) => octet(index)),
        ),
      );
      expect(decodeFlowColumns(bytes, context, templates, columns)).toBe(true);
      putFlowPacks(into, 5, flowRunColumns, columns);
      const packs = taken();
      expect(packs.flatMap(rowsOfPack)).toEqual(rowsOfRecords(decodeFlows(bytes, context, templates).records));
      return packs.map((pack) => rowsOfPack(pack).length);
    };
    expect(sizesOf((index) => (index % 12 < 4 ? index & 127 : 7))).toEqual([90]);
    expect(sizesOf((index) => index & 127)).toEqual([30, 30, 30]);
  });

  it('leave runs of few flows to rows', () => {
    const columns = new FlowColumns('flows');
    for (const [index, flows] of [2, 3, 1, 4].entries()) {
      const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_000 + index };
      decodeFlowColumns(
        netflow5(flows, 0, (word) => word + index),
        context,
        new TemplateCache(),
        columns,
      );
    }
    const all = rowsOfColumns(columns);
    putFlowPacks(into, 5, flowRunColumns, columns);
    const packs = taken();
    expect(packs.map((pack) => rowsOfPack(pack).length)).toEqual([3, 4]);
    const few = rowsOfRecords(recordsOfColumns(columns, (flows) => flows < fewestFlowsOfPack));
    expect([...few.slice(0, 2), ...packs.slice(0, 1).flatMap(rowsOfPack), ...few.slice(2), ...packs.slice(1).flatMap(rowsOfPack)]).toEqual(all); // prettier-ignore
  });

  it('hold counters up to 2^53 - 1 and times up to the year 9999 exactly', () => {
    const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
    const templates = new TemplateCache();
    const template = [...u16(256, 3), ...u16(1, 8, 2, 8, 152, 8)];
    decodeFlows(message(10, set(2, template)), context, templates);
    const values = [
      [0, 1, 0, 2, 0, 3],
      [0x1f_ffff, 0xffff_ffff, 0x1f_ffff, 0xffff_fffe, 0xe677, 0xd21f_dbff],
    ];
    const bytes = message(10, set(256, u32(...values.flat())));
    const columns = new FlowColumns('flows');
    expect(decodeFlowColumns(bytes, context, templates, columns)).toBe(true);
    const rows = rowsOfColumns(columns);
    expect(rows).toEqual(rowsOfRecords(decodeFlows(bytes, context, templates).records));
    expect(rows[1]?.['octets']).toBe('001fffffffffffff');
  });

  it('are taken apart into packs of one flow each', () => {
    const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_123 };
    const columns = new FlowColumns('flows');
    for (const sampling of [0, 0x4064])
      decodeFlowColumns(
        netflow5(4, sampling, (index) => index % 12),
        context,
        new TemplateCache(),
        columns,
      );
    decodeFlowColumns(
      netflow5(4, 0, (index) => index * 77),
      context,
      new TemplateCache(),
      columns,
    );
    const rows = rowsOfColumns(columns);
    putFlowPacks(into, 5, flowRunColumns, columns);
    const apart = taken().flatMap(flowsOfPack);
    expect(apart).toHaveLength(12);
    expect(apart.flatMap((pack) => rowsOfPack(pack))).toEqual(rows);
  });
});
