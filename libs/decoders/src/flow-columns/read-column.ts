import { uptimeToMs, type ExportClock } from '../netflow/flow-time.ts';
import { endOfTimeMs } from '../time/civil-time.ts';
import type { ColumnName } from './flow-columns.ts';

/** How a field is turned into the number in its column. */
export type ColumnUnit = 'number' | 'uptime' | 'seconds' | 'milliseconds';

/**
 * Fills rows of one column from `row` up to, not including, `end`: `at` is the first field's offset, the others follow every
 * `stride` bytes. False: a value is beyond what the column holds, and a record must have it.
 */
export type Loop<Column> = (
  into: Column,
  view: DataView,
  at: number,
  stride: number,
  row: number,
  end: number,
  clock: ExportClock,
) => boolean;

/** A loop beside a column of its type. */
export type AnyLoop = Loop<never>;

// There is one loop for each width and type of array, so that each is compiled for its types alone: that is what makes columns fast.

const u8: Loop<Uint8Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u8ToU16: Loop<Uint16Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u8ToU32: Loop<Uint32Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u16: Loop<Uint16Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint16(offset);
  return true;
};

const u16ToU32: Loop<Uint32Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint16(offset);
  return true;
};

const u24ToU32: Loop<Uint32Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride)
    into[row] = view.getUint8(offset) * 65_536 + view.getUint16(offset + 1);
  return true;
};

const u32: Loop<Uint32Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset);
  return true;
};

const counter: Loop<Float64Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset);
  return true;
};

const counter64: Loop<Float64Array> = (into, view, at, stride, row, end) => {
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
  (lengthBytes: number): Loop<Float64Array> =>
  (into, view, at, stride, row, end) => {
    let largest = 0;
    for (let offset = at; row < end; row += 1, offset += stride) {
      let value = 0;
      for (let index = 0; index < lengthBytes; index += 1) value = value * 256 + view.getUint8(offset + index);
      into[row] = value;
      if (value > largest) largest = value;
    }
    return largest <= Number.MAX_SAFE_INTEGER;
  };

const seconds: Loop<Float64Array> = (into, view, at, stride, row, end) => {
  for (let offset = at; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset) * 1000;
  return true;
};

const milliseconds: Loop<Float64Array> = (into, view, at, stride, row, end) => {
  let latest = 0;
  for (let offset = at; row < end; row += 1, offset += stride) {
    const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    into[row] = value;
    if (value > latest) latest = value;
  }
  return latest < endOfTimeMs;
};

const dayMs = 86_400_000;

const uptime: Loop<Float64Array> = (into, view, at, stride, row, end, clock) => {
  const { bootMs, exportMs } = clock;
  if (bootMs === null) return row === end;
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

/** The loop for a field of a length that its column takes. */
export function loopFor(column: ColumnName, lengthBytes: number, unit: ColumnUnit): AnyLoop {
  switch (column) {
    case 'startMs':
    case 'endMs':
      if (unit === 'milliseconds') return milliseconds;
      return unit === 'seconds' ? seconds : uptime;
    case 'packets':
    case 'octets':
      if (lengthBytes === 8) return counter64;
      return lengthBytes === 4 ? counter : counterOf(lengthBytes);
    case 'sourcePort':
    case 'destinationPort':
    case 'tcpFlags':
      return lengthBytes === 2 ? u16 : u8ToU16;
    case 'protocol':
    case 'tos':
      return u8;
    default:
      return wordLoop(lengthBytes);
  }
}

/** The loop for a field of one to four bytes that goes to `extra`. */
export function wordLoop(lengthBytes: number): Loop<Uint32Array> {
  if (lengthBytes === 4) return u32;
  if (lengthBytes === 3) return u24ToU32;
  return lengthBytes === 2 ? u16ToU32 : u8ToU32;
}
