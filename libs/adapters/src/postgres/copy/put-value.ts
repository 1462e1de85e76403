import { inRange, lastStorableMs, type ColumnType } from '../column.ts';
import { storableJson } from '../text.ts';
import { inetOf } from './inet.ts';
import type { TupleWriter } from './tuple-writer.ts';

/** Writes a value as a field; false, and nothing written: the column cannot hold it. */
export function putValue(into: TupleWriter, type: ColumnType, value: unknown): boolean {
  if (value === null || value === undefined) {
    into.none();
    return true;
  }
  switch (type) {
    case 'text':
      if (typeof value !== 'string') return false;
      into.text(value);
      return true;
    case 'inet':
      return typeof value === 'string' && putInet(into, value);
    case 'int2':
    case 'int4':
    case 'int8':
      return putInteger(into, type, value);
    case 'timestamptz':
      if (typeof value !== 'number' || !(value >= 0 && value <= lastStorableMs)) return false;
      into.timestamp(Math.trunc(value));
      return true;
    case 'jsonb':
      into.jsonb(storableJson(value));
      return true;
    case 'bytea':
      if (!(value instanceof Uint8Array)) return false;
      into.octets(value);
      return true;
  }
}

function putInet(into: TupleWriter, address: string): boolean {
  if (into.inet4(address)) return true;
  const inet = inetOf(address);
  if (inet) into.octets(inet);
  return inet !== null;
}

function putInteger(into: TupleWriter, type: 'int2' | 'int4' | 'int8', value: unknown): boolean {
  if (!inRange(type, value)) return false;
  if (typeof value === 'bigint') {
    if (type === 'int8') into.bigint(value);
    else into[type](Number(value));
  } else into[type](value);
  return true;
}
