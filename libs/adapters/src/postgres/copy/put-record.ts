import { inWords, type Column } from '../column.ts';
import { putValue } from './put-value.ts';
import type { TupleWriter } from './tuple-writer.ts';

/** Columns of a telemetry table in the order of its tuples. */
export function columnNames<Record>(columns: readonly Column<Record>[]): string[] {
  return ['epoch', ...columns.map(({ name }) => name), 'altered'];
}

/** A record as a tuple: epoch, columns, `altered`, where each value is named that its column cannot hold. */
export function putRecord<Record>(
  into: TupleWriter,
  epoch: number,
  columns: readonly Column<Record>[],
  record: Record,
): void {
  let altered: string | null = null;
  into.tuple(columns.length + 2);
  into.int8(epoch);
  for (const column of columns) {
    const what = putColumn(into, column, record);
    if (what !== null) altered = altered === null ? what : `${altered}; ${what}`;
  }
  if (altered === null) into.none();
  else into.text(altered);
}

/** One field of a record; for `altered` what the column cannot hold, null: nothing. */
export function putColumn<Record>(into: TupleWriter, column: Column<Record>, record: Record): string | null {
  const { name, type, of, otherwise } = column;
  const value = of(record);
  if ((value === null || value === undefined) && otherwise !== undefined) putOtherwise(into, type, otherwise);
  else if (!putValue(into, type, value)) {
    putOtherwise(into, type, otherwise);
    return `${name.replaceAll('"', '')}: ${inWords(value)}`;
  }
  return null;
}

/** Only when it came, and why there is no more. */
export function putBareRecord<Record>(
  into: TupleWriter,
  epoch: number,
  columns: readonly Column<Record>[],
  receivedAt: Buffer,
  why: string,
): void {
  into.tuple(columns.length + 2);
  into.int8(epoch);
  for (const { name, type, otherwise } of columns) {
    if (name === 'received_at') into.octets(receivedAt);
    else putOtherwise(into, type, otherwise);
  }
  into.text(why);
}

function putOtherwise(into: TupleWriter, type: Column<unknown>['type'], otherwise: string | undefined): void {
  if (otherwise === undefined) into.none();
  else if (type === 'timestamptz') into.timestamp(Date.parse(otherwise));
  else if (type === 'jsonb') into.jsonb(otherwise);
  else into.text(otherwise);
}
