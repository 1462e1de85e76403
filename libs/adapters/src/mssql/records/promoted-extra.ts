import type { RecordBatch } from '@hotstandby/ports';
import { fieldOf, type Column } from './column.ts';

type Flow = RecordBatch['flows'][number];

/** What nearly every exporter sends beside the columns of a record has columns of its own in the table, as on PostgreSQL. */
const promotedExtra = [
  { element: 'ipNextHopIPv4Address', column: 'next_hop', type: 'address' },
  { element: 'bgpSourceAsNumber', column: 'source_as', type: 'int8' },
  { element: 'bgpDestinationAsNumber', column: 'destination_as', type: 'int8' },
  { element: 'sourceIPv4PrefixLength', column: 'source_prefix', type: 'int8' },
  { element: 'destinationIPv4PrefixLength', column: 'destination_prefix', type: 'int8' },
] as const;

type Promoted = (typeof promotedExtra)[number];

/** Their columns; what a column cannot hold stays in `extra`. */
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
  // A record of a mistake may hold anything there; it goes to the column as it is.
  if (extra === null || typeof extra !== 'object') return extra;
  if (!promotedExtra.some((promoted) => fits(promoted, extra[promoted.element]))) return extra;
  const others = Object.entries(extra).filter(([name, value]) => {
    const promoted = promotedExtra.find(({ element }) => element === name);
    return !promoted || !fits(promoted, value);
  });
  return others.length === 0 ? null : Object.fromEntries(others);
}

function fits({ type }: Promoted, value: unknown): boolean {
  return value !== null && fieldOf(type, value) !== undefined && value !== undefined;
}
