export { inRange, inWords } from '@hotstandby/core/storable';

export type ColumnType = 'text' | 'inet' | 'int2' | 'int4' | 'int8' | 'timestamptz' | 'jsonb' | 'bytea';

/** A column of a telemetry table and where its value comes from. Times are milliseconds since 1970. */
export interface Column<Record> {
  name: string;
  type: ColumnType;
  of: (record: Record) => unknown;
  /** What stands for a value that cannot be stored, where the column must hold one. */
  otherwise?: string;
}

export const lastStorableMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
