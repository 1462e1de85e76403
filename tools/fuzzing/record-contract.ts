import type { FlowRecord, SyslogRecord, TrapRecord } from '@hotstandby/decoders';

const latestMs = Date.UTC(10_000, 0, 1) - 1;
const largestBigint = 2n ** 63n - 1n;

/** Throws with what is wrong: the record breaks what `records.ts` of the decoders promises, which a store relies on. */
export function checkRecord(record: SyslogRecord | TrapRecord | FlowRecord, bytes: Uint8Array): void {
  for (const [name, value] of Object.entries(record)) {
    if (name === 'raw' || value === null) continue;
    if (name.endsWith('Ms')) checkTime(name, value);
    else if (typeof value === 'bigint') check(value >= 0n && value <= largestBigint, name, value);
    else checkJson(value, name);
  }
  check((record.malformed === null) === (record.raw === null), 'raw', 'without malformed, or the other way round');
  check(record.malformed === null || record.malformed.length < 1000, 'malformed', 'longer than 1000 characters');
  const { raw } = record;
  check(raw === null || raw.buffer === bytes.buffer, 'raw', 'not a view of the datagram');
}

function checkTime(name: string, value: unknown): void {
  check(Number.isInteger(value) && Number(value) >= 0 && Number(value) <= latestMs, name, value);
}

/** Plain JSON, texts that PostgreSQL can hold, no number that is not exact. */
function checkJson(value: unknown, at: string): void {
  if (typeof value === 'string')
    check(value.isWellFormed() && !value.includes('\u0000'), at, 'a text that cannot be stored');
  else if (typeof value === 'number')
    check(Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)), at, value);
  else if (Array.isArray(value)) for (const one of value) checkJson(one, `${at}[]`);
  else if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    check(prototype === Object.prototype || prototype === null, at, 'no plain object');
    for (const [name, one] of Object.entries(value)) {
      checkJson(name, `a name in ${at}`);
      checkJson(one, at);
    }
  } else check(value === null || typeof value === 'boolean', at, typeof value);
}

export function check(holds: boolean, what: string, found: unknown): void {
  if (!holds) throw new Error(`${what}: ${String(found)}`);
}

/** Values in records, at any depth: what a store has to write. */
export function sizeOf(records: readonly object[]): { values: number; characters: number } {
  const size = { values: 0, characters: 0 };
  const add = (value: unknown): void => {
    size.values += 1;
    if (typeof value === 'string') size.characters += value.length;
    else if (value instanceof Uint8Array) size.characters += 1;
    else if (typeof value === 'object' && value !== null) {
      for (const [name, one] of Object.entries(value)) {
        size.characters += name.length;
        add(one);
      }
    }
  };
  for (const record of records) add(record);
  return size;
}
