import type { SumTable } from './sum-table.ts';

/** Conversations of one minute and exporter as columns: row n of each array is one, up to `count`. */
export interface ConversationColumns {
  /** Its begin, ms since 1970, by the clock of the node that received the flows. */
  minuteMs: number;
  exporter: string;
  count: number;
  /** Addresses as 32 bits. */
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  readonly protocol: Uint8Array;
  /** The lower of both ports; 0 for protocols without ports. */
  readonly port: Uint16Array;
  readonly flows: Uint32Array;
  /** Below 2^63. */
  readonly packets: Float64Array;
  readonly octets: Float64Array;
}

/** The largest number below 2^63 that a double can be. */
const most = 2 ** 63 - 1024;

/**
 * The rows of a table whose first word is the place (minute and exporter), ordered by place, at most `rows` at a time and no two
 * places together, where so many are `wanted`. Each is good until the next.
 */
export function* conversationColumns(
  table: SumTable,
  places: readonly { minuteMs: number; exporter: string }[],
  { order, ends }: RowsByPlace,
  rows: number,
  wanted: (count: number) => boolean,
): Generator<ConversationColumns> {
  const columns = emptyColumns(rows);
  let from = 0;
  for (const [number, { minuteMs, exporter }] of places.entries()) {
    columns.minuteMs = minuteMs;
    columns.exporter = exporter;
    const end = ends[number] ?? 0;
    for (; from < end; from += rows) {
      const some = order.subarray(from, Math.min(end, from + rows));
      if (!wanted(some.length)) continue;
      fill(columns, table, some);
      yield columns;
    }
    from = end;
  }
}

/** Numbers of rows, those of a place beside each other, and behind which of them each place ends. */
export interface RowsByPlace {
  order: Uint32Array;
  ends: Uint32Array;
}

export function rowsByPlace(table: SumTable, places: number): RowsByPlace {
  const ends = new Uint32Array(places);
  for (let row = 0; row < table.size; row += 1) {
    const place = table.key(row, 0);
    ends[place] = (ends[place] ?? 0) + 1;
  }
  const next = new Uint32Array(places);
  let sum = 0;
  for (let place = 0; place < places; place += 1) {
    next[place] = sum;
    sum += ends[place] ?? 0;
    ends[place] = sum;
  }
  const order = new Uint32Array(table.size);
  for (let row = 0; row < table.size; row += 1) {
    const place = table.key(row, 0);
    const at = next[place] ?? 0;
    order[at] = row;
    next[place] = at + 1;
  }
  return { order, ends };
}

function emptyColumns(rows: number): ConversationColumns {
  return {
    minuteMs: 0,
    exporter: '',
    count: 0,
    source: new Uint32Array(rows),
    destination: new Uint32Array(rows),
    protocol: new Uint8Array(rows),
    port: new Uint16Array(rows),
    flows: new Uint32Array(rows),
    packets: new Float64Array(rows),
    octets: new Float64Array(rows),
  };
}

function fill(columns: ConversationColumns, table: SumTable, rows: Uint32Array): void {
  const { source, destination, protocol, port, flows, packets, octets } = columns;
  columns.count = rows.length;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] ?? 0;
    const application = table.key(row, 3);
    source[index] = table.key(row, 1);
    destination[index] = table.key(row, 2);
    protocol[index] = application >>> 16;
    port[index] = application & 0xffff;
    flows[index] = table.sum(row, 0);
    packets[index] = Math.min(most, table.sum(row, 1));
    octets[index] = Math.min(most, table.sum(row, 2));
  }
}
