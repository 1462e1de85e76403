import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ColumnType } from '../column.ts';
import { storableJson } from '../text.ts';
import { inetOf } from './inet.ts';
import { putValue } from './put-value.ts';
import { fieldsOf, tuplesIn, writeEpoch } from './read-tuples.ts';
import { TupleWriter } from './tuple-writer.ts';

const into = new TupleWriter();

/** The octets of the field that a value becomes; undefined: the column cannot hold it. */
function octets(type: ColumnType, value: unknown): Buffer | null | undefined {
  into.tuple(1);
  if (!putValue(into, type, value)) {
    // Nothing of what was refused may stay behind.
    expect(into.take()).toHaveLength(2);
    return undefined;
  }
  const tuple = into.take() ?? Buffer.alloc(0);
  const fields = fieldsOf(tuple);
  expect([...tuplesIn(tuple)]).toEqual([tuple]);
  expect(fields).toHaveLength(1);
  return fields[0];
}
const hex = (type: ColumnType, value: unknown) => octets(type, value)?.toString('hex');
const text = (value: string) => octets('text', value)?.toString();

it('writes what a column can hold as PostgreSQL reads it', () => {
  expect(text('grün')).toBe('grün');
  expect(hex('int8', 2n ** 63n - 1n)).toBe('7fffffffffffffff');
  expect(hex('int8', Number.MAX_SAFE_INTEGER)).toBe('001fffffffffffff');
  expect(hex('int8', -1)).toBe('ffffffffffffffff');
  expect(hex('int8', 0)).toBe('0000000000000000');
  expect(hex('int4', -2)).toBe('fffffffe');
  expect(hex('int2', -32_768)).toBe('8000');
  expect(hex('int2', 258n)).toBe('0102');
  expect(hex('inet', '192.0.2.1')).toBe('02200004c0000201');
  expect(hex('inet', '2001:db8::1')).toBe('0380001020010db8000000000000000000000001');
  expect(hex('inet', '::ffff:192.0.2.1')).toBe('0380001000000000000000000000ffffc0000201');
  expect(hex('inet', '::')).toBe(`03800010${'00'.repeat(16)}`);
  expect(hex('inet', '1:2:3:4:5:6:7:8')).toBe('0380001000010002000300040005000600070008');
  expect(hex('timestamptz', 946_684_800_001)).toBe('00000000000003e8');
  expect(hex('timestamptz', 0)).toBe(hex('int8', -946_684_800_000_000));
  expect(octets('timestamptz', Date.UTC(9999, 11, 31))?.readBigInt64BE()).toBe(
    BigInt(Date.UTC(9999, 11, 31) - 946_684_800_000) * 1000n,
  );
  expect(hex('bytea', new Uint8Array([0, 255, 16]).subarray(1))).toBe('ff10');
  expect(octets('jsonb', { a: [1] })?.toString()).toBe('\u0001{"a":[1]}');
  for (const type of ['text', 'int2', 'inet', 'timestamptz', 'jsonb', 'bytea'] as const) {
    expect(octets(type, null)).toBeNull();
  }
});

it('says of everything else that it cannot be held', () => {
  const cases: [ColumnType, unknown][] = [
    ['int8', 2n ** 63n],
    ['int2', 40_000],
    ['int4', 1.5],
    ['int4', Number.NaN],
    ['int4', '7'],
    ['inet', '192.0.2.300'],
    ['inet', '192.0.2.256'],
    ['inet', '192.0.2.'],
    ['inet', '192.0.2.1.5'],
    ['inet', '01.2.3.4'],
    ['inet', 'fe80::1%eth0'],
    ['inet', ''],
    ['timestamptz', Number.POSITIVE_INFINITY],
    ['timestamptz', -1],
    ['timestamptz', 8.64e15],
    ['bytea', 'text'],
  ];
  for (const [type, value] of cases) expect([type, value, octets(type, value)]).toEqual([type, value, undefined]);
});

it('takes exactly the addresses that are some', () => {
  const nearly = fc.stringMatching(/^[0-9.]{0,18}$/);
  fc.assert(
    fc.property(fc.oneof(nearly, fc.ipV4(), fc.ipV6()), (address) => {
      const written = octets('inet', address);
      expect(written !== undefined).toBe(isIP(address) !== 0);
      if (written) expect(Buffer.from(inetOf(address) ?? [])).toEqual(written);
    }),
  );
});

it('replaces visibly what no text and no JSON of PostgreSQL holds', () => {
  expect(text('a\0b')).toBe('a\uFFFDb');
  expect(text('a\uD800b')).toBe('a\uFFFDb');
  expect(text(`${'x'.repeat(100)}\0\uD800`)).toBe(`${'x'.repeat(100)}\uFFFD\uFFFD`);
  expect(JSON.parse(storableJson({ 'k\0': ['\uDC00', 2n ** 70n, { deep: '\0' }] }))).toEqual({
    'k\uFFFD': ['\uFFFD', '1180591620717411303424', { deep: '\uFFFD' }],
  });
  // Text that only looks like an escape stays.
  expect(JSON.parse(storableJson(['\\u0000', '\\ud800']))).toEqual(['\\u0000', '\\ud800']);
  expect(storableJson(undefined)).toBe('null');
});

const units = fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff }));

it('writes any text as it is, however long', () => {
  fc.assert(
    fc.property(fc.array(units, { maxLength: 200 }), (codes) => {
      const value = String.fromCharCode(...codes);
      expect(text(value)).toBe(value.replaceAll('\0', '\uFFFD').toWellFormed());
    }),
  );
  const long = 'ü'.repeat(100_000);
  expect(text(long) === long).toBe(true);
});

it('changes the epoch in every tuple', () => {
  for (const message of ['one', null, 'three']) {
    into.tuple(2);
    into.int8(7);
    putValue(into, 'text', message);
  }
  const bytes = into.take() ?? Buffer.alloc(0);
  writeEpoch(bytes, 8);
  const read = [...tuplesIn(bytes)].map(fieldsOf);
  expect(read.map(([epoch]) => epoch?.readBigInt64BE())).toEqual([8n, 8n, 8n]);
  expect(read.map(([, message]) => message?.toString() ?? null)).toEqual(['one', null, 'three']);
  expect(into.take()).toBeNull();
});
