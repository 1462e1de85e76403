import { isIP } from 'node:net';
import { storableJson, storableText } from './text.ts';

export type ColumnType = 'text' | 'inet' | 'int2' | 'int4' | 'int8' | 'timestamptz' | 'jsonb' | 'bytea';

/** A column of a telemetry table and where its value comes from. Times are milliseconds since 1970. */
export interface Column<Record> {
  name: string;
  type: ColumnType;
  of: (record: Record) => unknown;
  /** What stands for a value that cannot be stored, where the column must hold one. */
  otherwise?: string;
}

const integerRanges = {
  int2: [-(2n ** 15n), 2n ** 15n - 1n],
  int4: [-(2n ** 31n), 2n ** 31n - 1n],
  int8: [-(2n ** 63n), 2n ** 63n - 1n],
} as const satisfies Partial<Record<ColumnType, readonly [bigint, bigint]>>;

const lastStorableMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The value as PostgreSQL reads it; undefined: the column cannot hold it. */
export function storable(type: ColumnType, value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? storableText(value) : undefined;
    case 'inet':
      // An IPv6 zone (`fe80::1%eth0`) names an interface of the node, which says nothing here.
      return typeof value === 'string' && isIP(value) !== 0 && !value.includes('%') ? value : undefined;
    case 'int2':
    case 'int4':
    case 'int8':
      return integer(integerRanges[type], value);
    case 'timestamptz':
      if (typeof value !== 'number' || !(value >= 0 && value <= lastStorableMs)) return undefined;
      return new Date(value).toISOString();
    case 'jsonb':
      return storableJson(value);
    case 'bytea':
      return value instanceof Uint8Array
        ? `\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}`
        : undefined;
  }
}

function integer([least, most]: readonly [bigint, bigint], value: unknown): string | undefined {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) return undefined;
  const exact = BigInt(value as number | bigint);
  return exact >= least && exact <= most ? exact.toString() : undefined;
}

/** Some words for people of a value that was left out. */
export function inWords(value: unknown, most = 200): string {
  const text = typeof value === 'string' || typeof value === 'bigint' ? String(value) : storableJson(value);
  return storableText(text.length > most ? `${text.slice(0, most)}...` : text);
}
