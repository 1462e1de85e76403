import type { FlowRecord } from '../records.ts';
import { ipv4Text, ipv6Text } from '../text/address.ts';
import { recordTimeMs } from '../time/civil-time.ts';
import { extraValue, timeMsAt, unsignedAt } from './field-values.ts';
import type { Octets } from './field-values.ts';
import { deltaToMs, uptimeToMs } from './flow-time.ts';
import type { ExportClock } from './flow-time.ts';
import type { FieldPlan, RecordPlan } from './record-plan.ts';

const largestBigint = 2n ** 63n - 1n;

/** Fills `record` from the octets at `offset`. Gives the offset behind them, null when a field runs past `end`. */
export function readRecord(
  record: FlowRecord,
  plan: RecordPlan,
  octets: Octets,
  offset: number,
  end: number,
  clock: ExportClock,
): number | null {
  let position = offset;
  for (const field of plan.fields) {
    let length = field.lengthBytes;
    if (length === null) {
      // RFC 7011 section 7: one byte, or 255 and two.
      if (position >= end) return null;
      length = octets.view.getUint8(position);
      position += 1;
      if (length === 255) {
        if (end - position < 2) return null;
        length = octets.view.getUint16(position);
        position += 2;
      }
    }
    if (length > end - position) return null;
    if (!field.ignored && !(field.slot !== null && fillSlot(record, field, octets, position, length, clock))) {
      record.extra ??= {};
      record.extra[field.name] = extraValue(octets, field.kind, position, length);
    }
    position += length;
  }
  return position;
}

/** False when the value does not fit the record's field: it then goes to `extra`. */
function fillSlot(
  record: FlowRecord,
  field: FieldPlan,
  { bytes, view }: Octets,
  offset: number,
  length: number,
  clock: ExportClock,
): boolean {
  switch (field.slot) {
    case 'sourceIPv4':
      return fillAddress(record, 'sourceAddress', ipv4Text(bytes, offset));
    case 'sourceIPv6':
      return fillAddress(record, 'sourceAddress', ipv6Text(bytes, offset));
    case 'destinationIPv4':
      return fillAddress(record, 'destinationAddress', ipv4Text(bytes, offset));
    case 'destinationIPv6':
      return fillAddress(record, 'destinationAddress', ipv6Text(bytes, offset));
    case 'packets':
    case 'octets': {
      const value = BigInt(unsignedAt(view, offset, length));
      if (value > largestBigint) return false;
      record[field.slot] = value;
      return true;
    }
    case 'sourcePort':
    case 'destinationPort':
    case 'tcpFlags':
      return fillNumber(record, field.slot, unsignedAt(view, offset, length), 0xffff);
    case 'protocol':
    case 'tos':
      return fillNumber(record, field.slot, unsignedAt(view, offset, length), 0xff);
    case 'inputInterface':
    case 'outputInterface':
      return fillNumber(record, field.slot, unsignedAt(view, offset, length), 0xffff_ffff);
    case 'start':
      return (record.startMs = recordTimeMs(timeMsAt(view, offset, field.kind))) !== null;
    case 'end':
      return (record.endMs = recordTimeMs(timeMsAt(view, offset, field.kind))) !== null;
    case 'startUptime':
      return (record.startMs = uptimeToMs(Number(unsignedAt(view, offset, length)), clock)) !== null;
    case 'endUptime':
      return (record.endMs = uptimeToMs(Number(unsignedAt(view, offset, length)), clock)) !== null;
    case 'startDelta':
      return (record.startMs = deltaToMs(Number(unsignedAt(view, offset, length)), clock)) !== null;
    case 'endDelta':
      return (record.endMs = deltaToMs(Number(unsignedAt(view, offset, length)), clock)) !== null;
    case null:
      return false;
  }
}

/** In a template with both families one of them is all zeros. */
function fillAddress(record: FlowRecord, field: 'sourceAddress' | 'destinationAddress', address: string): boolean {
  const known = record[field];
  const isNone = address === '::' || address === '0.0.0.0';
  if (known !== null && known !== '::' && known !== '0.0.0.0') return isNone;
  if (known === null || !isNone) record[field] = address;
  return true;
}

function fillNumber(
  record: FlowRecord,
  field: 'sourcePort' | 'destinationPort' | 'tcpFlags' | 'protocol' | 'tos' | 'inputInterface' | 'outputInterface',
  value: number | bigint,
  largest: number,
): boolean {
  if (value > largest) return false;
  record[field] = Number(value);
  return true;
}
