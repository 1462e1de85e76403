import type { FlowColumns } from '@hotstandby/decoders';
import type { TupleWriter } from './tuple-writer.ts';

/** Types of elements, by their `pg_type.oid`. */
const oids = { int2: 21, int4: 23, int8: 20, timestamptz: 1184, jsonb: 3802 } as const;
const headBytes = 20;

/** Between the epochs of PostgreSQL (2000) and of Unix, in ms. */
const postgresEpochMs = 946_684_800_000;
const twoTo32 = 2 ** 32;
/** Beyond it microseconds are no whole number of JavaScript any more. */
const farMs = 9e12;

/** A column; all arrays of `FlowColumns` are one. */
export type Values = FlowColumns['slots'][number];

/** Writes rows `from` up to, not including, `end` of a column as an array: all of them, or one where all are alike. */
export type PutArray = (into: TupleWriter, values: Values, from: number, end: number) => void;

/** Numbers of 16 bits as `smallint`, which has a sign: what reads them takes it off. */
export const putInt2Array: PutArray = (into, values, from, end) => {
  const count = elementsOf(values, from, end);
  let at = putHead(into, oids.int2, count, 2);
  const { bytes } = into;
  for (let row = from; row < from + count; row += 1) {
    const value = values[row] ?? 0;
    at = putWord(bytes, at, 2);
    bytes[at] = value >>> 8;
    bytes[at + 1] = value;
    at += 2;
  }
};

/** Numbers of 32 bits as `integer`, which has a sign: what reads them takes it off. */
export const putInt4Array: PutArray = (into, values, from, end) => {
  const count = elementsOf(values, from, end);
  let at = putHead(into, oids.int4, count, 4);
  const { bytes } = into;
  for (let row = from; row < from + count; row += 1) {
    at = putWord(bytes, putWord(bytes, at, 4), values[row] ?? 0);
  }
};

/** Whole numbers from 0 to below 2^63. */
export const putInt8Array: PutArray = (into, values, from, end) => {
  const count = elementsOf(values, from, end);
  let at = putHead(into, oids.int8, count, 8);
  const { bytes } = into;
  for (let row = from; row < from + count; row += 1) {
    const value = values[row] ?? 0;
    const high = Math.floor(value / twoTo32);
    at = putWords(bytes, at, high, value - high * twoTo32);
  }
};

/** Times of whole ms since 1970; `-infinity`: none (NaN, or before 1970). An element that is null would make all others slow to find. */
export const putTimeArray: PutArray = (into, values, from, end) => {
  const count = elementsOf(values, from, end);
  let at = putHead(into, oids.timestamptz, count, 8);
  const { bytes } = into;
  for (let row = from; row < from + count; row += 1) {
    const ms = values[row] ?? NaN;
    const sinceMs = ms - postgresEpochMs;
    if (!(ms >= 0)) at = putWords(bytes, at, 0x8000_0000, 0);
    else if (sinceMs < farMs) {
      const high = Math.floor((sinceMs * 1000) / twoTo32);
      at = putWords(bytes, at, high, sinceMs * 1000 - high * twoTo32);
    } else {
      const micros = BigInt(sinceMs) * 1000n;
      at = putWords(bytes, at, Number(micros >> 32n), Number(micros & 0xffff_ffffn));
    }
  }
};

/** Fields of a `jsonb` column as they stand in a tuple, as an array. */
export function putJsonArray(into: TupleWriter, count: number, fieldAt: (index: number) => Uint8Array): void {
  const begun = into.begin();
  into.words(1, 0, oids.jsonb, count, 1);
  for (let index = 0; index < count; index += 1) into.copy(fieldAt(index));
  into.end(begun);
}

/** Whether a column says the same of all these rows. */
export function isAlike(values: Values, from: number, end: number): boolean {
  const first = values[from];
  for (let row = from + 1; row < end; row += 1) if (!Object.is(values[row], first)) return false;
  return true;
}

const elementsOf = (values: Values, from: number, end: number): number => (isAlike(values, from, end) ? 1 : end - from);

/** One dimension, nothing is null, counted from 1 (`array_recv`). The place of the first element. */
function putHead(into: TupleWriter, oid: number, count: number, elementBytes: number): number {
  let at = into.room(headBytes + count * (4 + elementBytes));
  const { bytes } = into;
  at = putWord(bytes, at, 1);
  at = putWord(bytes, at, 0);
  at = putWord(bytes, at, oid);
  at = putWord(bytes, at, count);
  return putWord(bytes, at, 1);
}

/** An element of eight octets. */
function putWords(bytes: Uint8Array, at: number, high: number, low: number): number {
  return putWord(bytes, putWord(bytes, putWord(bytes, at, 8), high), low);
}

function putWord(bytes: Uint8Array, at: number, word: number): number {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
  return at + 4;
}
