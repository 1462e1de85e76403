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

export const lastStorableMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Whether an integer column can hold the value, exactly. */
export function inRange(type: keyof typeof integerRanges, value: unknown): value is number | bigint {
  const [least, most] = integerRanges[type];
  if (typeof value !== 'bigint') return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
  return value >= least && value <= most;
}

/** Some words for people of a value that was left out. */
export function inWords(value: unknown, most = 200): string {
  const text = typeof value === 'string' || typeof value === 'bigint' ? String(value) : storableJson(value);
  return storableText(text.length > most ? `${text.slice(0, most)}...` : text);
}
