import { uptimeToMs, type ExportClock } from '../netflow/flow-time.ts';
import { endOfTimeMs } from '../time/civil-time.ts';
import type { PlannedColumn } from './column-plan.ts';
import type { FlowColumns } from './flow-columns.ts';

/** Where the fields of one column lie in a set: the first of them, and how far it is from one to the next. */
export interface Fields {
  view: DataView;
  offset: number;
  stride: number;
  /** The rows that they go to: from `row` up to, not including, `end`. */
  row: number;
  end: number;
  clock: ExportClock;
}

/** Fills rows of its column; false: a value is beyond what the column holds. */
export type ColumnReader = (fields: Fields) => boolean;

/**
 * The loop for a field and its column. There is one for each width and type of array, so that each is compiled for its types
 * alone: that is what makes columns fast.
 */
export function columnReader({ column, lengthBytes, unit }: PlannedColumn, columns: FlowColumns): ColumnReader | null {
  switch (column) {
    case 'startMs':
    case 'endMs':
      if (unit === 'milliseconds') return milliseconds(columns[column]);
      return unit === 'seconds' ? seconds(columns[column]) : uptime(columns[column]);
    case 'packets':
    case 'octets':
      return lengthBytes === 8 ? wide(columns[column]) : counter(columns[column]);
    case 'sourcePort':
    case 'destinationPort':
    case 'tcpFlags':
      return lengthBytes === 2 ? u16(columns[column]) : u8ToU16(columns[column]);
    case 'protocol':
    case 'tos':
    case 'sourcePrefix':
    case 'destinationPrefix':
    case 'direction':
      return u8(columns[column]);
    case 'receivedAtMs':
    case 'version':
      return null;
    default:
      if (lengthBytes === 4) return u32(columns[column]);
      return lengthBytes === 2 ? u16ToU32(columns[column]) : u8ToU32(columns[column]);
  }
}

const u8 = (into: Uint8Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u8ToU16 = (into: Uint16Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u8ToU32 = (into: Uint32Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) into[row] = view.getUint8(offset);
  return true;
};

const u16 = (into: Uint16Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) into[row] = view.getUint16(offset);
  return true;
};

const u16ToU32 = (into: Uint32Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) into[row] = view.getUint16(offset);
  return true;
};

const u32 = (into: Uint32Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset);
  return true;
};

const counter = (into: Float64Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset);
  return true;
};

const wide = (into: Float64Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  let largest = 0;
  for (let { row } = fields; row < end; row += 1, offset += stride) {
    const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    into[row] = value;
    if (value > largest) largest = value;
  }
  return largest <= Number.MAX_SAFE_INTEGER;
};

const seconds = (into: Float64Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) into[row] = view.getUint32(offset) * 1000;
  return true;
};

const milliseconds = (into: Float64Array) => (fields: Fields) => {
  const { view, stride, end } = fields;
  let { offset } = fields;
  for (let { row } = fields; row < end; row += 1, offset += stride) {
    const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
    into[row] = value < endOfTimeMs ? value : NaN;
  }
  return true;
};

const dayMs = 86_400_000;

const uptime = (into: Float64Array) => (fields: Fields) => {
  const { view, stride, end, clock } = fields;
  let { offset } = fields;
  const bootMs = clock.bootMs ?? NaN;
  // Mostly a flow ended within a day before the export; the rest is for the careful way, which knows of wraps.
  const usualFrom = Math.max(0, clock.exportMs - dayMs);
  const usualTo = clock.exportMs;
  for (let { row } = fields; row < end; row += 1, offset += stride) {
    const value = view.getUint32(offset);
    const ms = bootMs + value;
    into[row] = ms >= usualFrom && ms <= usualTo ? ms : (uptimeToMs(value, clock) ?? NaN);
  }
  return true;
};
