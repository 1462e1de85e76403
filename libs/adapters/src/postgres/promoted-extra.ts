import type { RecordBatch } from '@hotstandby/ports';
import type { Column } from './column.ts';
import { inetOf } from './copy/inet.ts';

type Flow = RecordBatch['flows'][number];

/**
 * What nearly every exporter sends beside the columns of a record, and so in `extra`, has columns of its own in the table: JSON
 * for each flow would cost the database as much as all the rest of the row.
 */
export const promotedExtra = [
  { element: 'ipNextHopIPv4Address', column: 'next_hop', type: 'inet', kind: 'ipv4' },
  { element: 'bgpSourceAsNumber', column: 'source_as', type: 'int8', kind: 'unsigned' },
  { element: 'bgpDestinationAsNumber', column: 'destination_as', type: 'int8', kind: 'unsigned' },
  { element: 'sourceIPv4PrefixLength', column: 'source_prefix', type: 'int8', kind: 'unsigned' },
  { element: 'destinationIPv4PrefixLength', column: 'destination_prefix', type: 'int8', kind: 'unsigned' },
] as const;

type Promoted = (typeof promotedExtra)[number];

/** Their columns, of records; what a column cannot hold stays in `extra`. */
export const promotedColumns: Column<Flow>[] = promotedExtra.map((promoted) => ({
  name: promoted.column,
  type: promoted.type,
  of: ({ extra }) => {
    const value = extra?.[promoted.element];
    return fits(promoted, value) ? value : null;
  },
}));

/** What is left of `extra`; null: nothing. */
export function otherExtra({ extra }: Flow): Flow['extra'] {
  if (extra === null || !promotedExtra.some((promoted) => fits(promoted, extra[promoted.element]))) return extra;
  const others = Object.entries(extra).filter(([name, value]) => {
    const promoted = promotedExtra.find(({ element }) => element === name);
    return !promoted || !fits(promoted, value);
  });
  return others.length === 0 ? null : Object.fromEntries(others);
}

function fits({ type }: Promoted, value: unknown): boolean {
  if (type === 'inet') return typeof value === 'string' && inetOf(value) !== null;
  return Number.isSafeInteger(value);
}
