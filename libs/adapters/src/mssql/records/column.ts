import { isIP } from 'node:net';
import { inRange, inWords, storableJson, storableText } from '@hotstandby/core/storable';

/**
 * `short`: a text that can be indexed, of up to `shortLength` characters. `address`: `varchar(45)`; SQL Server has no type for
 * it. Times are milliseconds since 1970.
 */
export type ColumnType = 'text' | 'short' | 'address' | 'int2' | 'int4' | 'int8' | 'instant' | 'json' | 'bytes';

/** A column of a telemetry table and where its value comes from. */
export interface Column<Record> {
  name: string;
  type: ColumnType;
  of: (record: Record) => unknown;
  /** What stands for a value that cannot be stored, where the column must hold one. */
  otherwise?: string | Date;
}

/** What the driver takes for a field. */
export type Field = string | number | bigint | Date | Buffer | null;

export const shortLength = 400;

/** A day less than `datetime2` holds: the driver looks at the year in the time zone of this process. */
export const lastStorableMs = Date.UTC(9999, 11, 30, 23, 59, 59, 999);

/** Undefined: the column cannot hold the value. */
export function fieldOf(type: ColumnType, value: unknown): Field | undefined {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? storableText(value) : undefined;
    case 'short':
      return typeof value === 'string' && value.length <= shortLength ? storableText(value) : undefined;
    case 'address':
      return typeof value === 'string' && isStorableAddress(value) ? value : undefined;
    case 'int2':
    case 'int4':
      return inRange(type, value) ? Number(value) : undefined;
    case 'int8':
      return inRange(type, value) ? value : undefined;
    case 'instant':
      return typeof value === 'number' && value >= 0 && value <= lastStorableMs
        ? new Date(Math.trunc(value))
        : undefined;
    case 'json':
      return storableJson(value);
    case 'bytes':
      return value instanceof Uint8Array ? Buffer.from(value) : undefined;
  }
}

/** One with a zone (`fe80::1%eth0`) names an interface of the node and says nothing here. */
function isStorableAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/** What is kept in words of a value that does not fit: all of a text that is merely too long for its column. */
const mostWords = 4000;

/** A record as fields: its columns, then `altered`, where each value is named that its column cannot hold. */
export function fieldsOf<Record>(columns: readonly Column<Record>[], record: Record): Field[] {
  const altered: string[] = [];
  const fields = columns.map(({ name, type, of, otherwise }) => {
    const value = of(record);
    const field = fieldOf(type, value);
    if (field === undefined) altered.push(`${name}: ${inWords(value, type === 'short' ? mostWords : undefined)}`);
    return field ?? otherwise ?? null;
  });
  fields.push(altered.length === 0 ? null : altered.join('; '));
  return fields;
}
