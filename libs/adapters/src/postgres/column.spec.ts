import { expect, it } from 'vitest';
import { storable } from './column.ts';
import { storableJson } from './text.ts';

it('keeps what a column can hold, exactly', () => {
  expect(storable('text', 'grün')).toBe('grün');
  expect(storable('int8', 2n ** 63n - 1n)).toBe('9223372036854775807');
  expect(storable('int8', 9_007_199_254_740_991)).toBe('9007199254740991');
  expect(storable('int2', 0)).toBe('0');
  expect(storable('inet', '2001:db8::1')).toBe('2001:db8::1');
  expect(storable('timestamptz', 1_700_000_000_123)).toBe('2023-11-14T22:13:20.123Z');
  expect(storable('bytea', new Uint8Array([0, 255, 16]).subarray(1))).toBe('\\xff10');
  for (const type of ['text', 'int2', 'inet', 'timestamptz', 'jsonb', 'bytea'] as const) {
    expect(storable(type, null)).toBeNull();
  }
});

it('says of everything else that it cannot be held', () => {
  expect(storable('int8', 2n ** 63n)).toBeUndefined();
  expect(storable('int2', 40_000)).toBeUndefined();
  expect(storable('int4', 1.5)).toBeUndefined();
  expect(storable('int4', Number.NaN)).toBeUndefined();
  expect(storable('int4', '7')).toBeUndefined();
  expect(storable('inet', '192.0.2.300')).toBeUndefined();
  expect(storable('inet', 'fe80::1%eth0')).toBeUndefined();
  expect(storable('inet', '')).toBeUndefined();
  expect(storable('timestamptz', Number.POSITIVE_INFINITY)).toBeUndefined();
  expect(storable('timestamptz', 8.64e15)).toBeUndefined();
  expect(storable('bytea', 'text')).toBeUndefined();
});

it('replaces visibly what no text and no JSON of PostgreSQL holds', () => {
  expect(storable('text', 'a\0b')).toBe('a\uFFFDb');
  expect(storable('text', 'a\uD800b')).toBe('a\uFFFDb');
  expect(JSON.parse(storableJson({ 'k\0': ['\uDC00', 2n ** 70n, { deep: '\0' }] }))).toEqual({
    'k\uFFFD': ['\uFFFD', '1180591620717411303424', { deep: '\uFFFD' }],
  });
  // Text that only looks like an escape stays.
  expect(JSON.parse(storableJson(['\\u0000', '\\ud800']))).toEqual(['\\u0000', '\\ud800']);
  expect(storableJson(undefined)).toBe('null');
});
