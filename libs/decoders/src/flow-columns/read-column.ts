import { uptimeToMs, type ExportClock } from '../netflow/flow-time.ts';
import { endOfTimeMs } from '../time/civil-time.ts';
import type { ColumnName, FlowColumns } from './flow-columns.ts';

/** How a field is turned into the number in its column. */
export type ColumnUnit = 'number' | 'uptime' | 'seconds' | 'milliseconds';

/**
 * Fills the rows from `row` up to, not including, `end` of one column: `at` is the first field's offset, the others follow
 * every `stride` bytes. False: a value is beyond what the column holds, and a record must have it.
 */
export type ColumnReader = (
  columns: FlowColumns,
  view: DataView,
  at: number,
  stride: number,
  row: number,
  end: number,
  clock: ExportClock,
) => boolean;

export type Clear = (columns: FlowColumns, row: number, end: number) => void;

type Of<Column> = (columns: FlowColumns) => Column;

// There is one loop for each width and type of array, so that each is compiled for its types alone: that is what makes columns fast.
// Arrays of a type can change (when the columns grow), so a loop asks for its own.

const u8: Reader<Uint8Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u8ToU16: Reader<Uint16Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u8ToU32: Reader<Uint32Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u16: Reader<Uint16Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint16(offset);
  return true;
};

const u16ToU32: Reader<Uint32Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint16(offset);
  return true;
};

const u24ToU32: Reader<Uint32Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride)
    into[row] = view.getUint8(offset) * 65_536 + view.getUint16(offset + 1);
  return true;
};

const u32: Reader<Uint32Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset);
  return true;
};

const counter: Reader<Float64Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset);
  return true;
};

const counter64: Reader<Float64Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  let largest = 0;
  for (let offset = at; row < end; row += 1, offset += stride) {
    const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    into[row] = value;
    if (value > largest) largest = value;
  }
  return largest <= Number.MAX_SAFE_INTEGER;
};

/** Counters of lengths that few exporters send (RFC 7011 section 6.2, reduced-size encoding). */
const counterOf =
  (lengthBytes: number): Reader<Float64Array> =>
  (of) =>
  (columns, view, at, stride, row, end) => {
    const into = of(columns);
    let largest = 0;
    for (let offset = at; row < end; row += 1, offset += stride) {
      let value = 0;
      for (let index = 0; index < lengthBytes; index += 1) value = value * 256 + view.getUint8(offset + index);
      into[row] = value;
      if (value > largest) largest = value;
    }
    return largest <= Number.MAX_SAFE_INTEGER;
  };

const seconds: Reader<Float64Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset) * 1000;
  return true;
};

const milliseconds: Reader<Float64Array> = (of) => (columns, view, at, stride, row, end) => {
  const into = of(columns);
  let latest = 0;
  for (let offset = at; row < end; row += 1, offset += stride) {
    const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    into[row] = value;
    if (value > latest) latest = value;
  }
  return latest < endOfTimeMs;
};

const dayMs = 86_400_000;

const uptime: Reader<Float64Array> = (of) => (columns, view, at, stride, row, end, clock) => {
  const { bootMs, exportMs } = clock;
  if (bootMs === null) return row === end;
  const into = of(columns);
  // Mostly a flow ended within a day before the export; the rest is for the careful way, which knows of wraps.
  const usualFromMs = Math.max(0, exportMs - dayMs);
  for (let offset = at; row < end; row += 1, offset += stride) {
    const value = view.getUint32(offset);
    const ms = bootMs + value;
    if (ms >= usualFromMs && ms <= exportMs) into[row] = ms;
    else {
      const found = uptimeToMs(value, clock);
      if (found === null) return false;
      into[row] = found;
    }
  }
  return true;
};

type Reader<Column> = (of: Of<Column>) => ColumnReader;

const of = {
  startMs: (columns) => columns.startMs,
  endMs: (columns) => columns.endMs,
  packets: (columns) => columns.packets,
  octets: (columns) => columns.octets,
  sourceAddress: (columns) => columns.sourceAddress,
  destinationAddress: (columns) => columns.destinationAddress,
  inputInterface: (columns) => columns.inputInterface,
  outputInterface: (columns) => columns.outputInterface,
  sourcePort: (columns) => columns.sourcePort,
  destinationPort: (columns) => columns.destinationPort,
  tcpFlags: (columns) => columns.tcpFlags,
  protocol: (columns) => columns.protocol,
  tos: (columns) => columns.tos,
} satisfies { [Name in ColumnName]: Of<FlowColumns[Name]> };

/** The loop for a field of a length that its column takes. */
export function reader(column: ColumnName, lengthBytes: number, unit: ColumnUnit): ColumnReader {
  switch (column) {
    case 'startMs':
    case 'endMs':
      if (unit === 'milliseconds') return milliseconds(of[column]);
      return unit === 'seconds' ? seconds(of[column]) : uptime(of[column]);
    case 'packets':
    case 'octets':
      if (lengthBytes === 8) return counter64(of[column]);
      return lengthBytes === 4 ? counter(of[column]) : counterOf(lengthBytes)(of[column]);
    case 'sourcePort':
    case 'destinationPort':
    case 'tcpFlags':
      return lengthBytes === 2 ? u16(of[column]) : u8ToU16(of[column]);
    case 'protocol':
    case 'tos':
      return u8(of[column]);
    default:
      return wordReader(of[column], lengthBytes);
  }
}

const none = new Uint32Array(0);

/** The loop for a field of one to four bytes that goes to `extra`. */
export function extraReader(slot: number, lengthBytes: number): ColumnReader {
  return wordReader((columns) => columns.extra[slot] ?? none, lengthBytes);
}

function wordReader(column: Of<Uint32Array>, lengthBytes: number): ColumnReader {
  if (lengthBytes === 4) return u32(column);
  if (lengthBytes === 3) return u24ToU32(column);
  return lengthBytes === 2 ? u16ToU32(column) : u8ToU32(column);
}

// For a few rows a loop is quicker than `fill`.

const clearF64 =
  (column: Of<Float64Array>): Clear =>
  (columns, row, end) => {
    const into = column(columns);
    for (; row < end; row += 1) into[row] = 0;
  };
const clearU32 =
  (column: Of<Uint32Array>): Clear =>
  (columns, row, end) => {
    const into = column(columns);
    for (; row < end; row += 1) into[row] = 0;
  };
const clearU16 =
  (column: Of<Uint16Array>): Clear =>
  (columns, row, end) => {
    const into = column(columns);
    for (; row < end; row += 1) into[row] = 0;
  };
const clearU8 =
  (column: Of<Uint8Array>): Clear =>
  (columns, row, end) => {
    const into = column(columns);
    for (; row < end; row += 1) into[row] = 0;
  };

/** Makes rows of a column 0. */
export const clear: Readonly<Record<ColumnName, Clear>> = {
  startMs: clearF64(of.startMs),
  endMs: clearF64(of.endMs),
  packets: clearF64(of.packets),
  octets: clearF64(of.octets),
  sourceAddress: clearU32(of.sourceAddress),
  destinationAddress: clearU32(of.destinationAddress),
  inputInterface: clearU32(of.inputInterface),
  outputInterface: clearU32(of.outputInterface),
  sourcePort: clearU16(of.sourcePort),
  destinationPort: clearU16(of.destinationPort),
  tcpFlags: clearU16(of.tcpFlags),
  protocol: clearU8(of.protocol),
  tos: clearU8(of.tos),
};
