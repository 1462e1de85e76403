import type { FlowRecord } from '../records.ts';
import { ipv4Text } from '../text/address.ts';
import { emptyFlow } from './flow-record.ts';
import { uptimeToMs } from './flow-time.ts';

const headerBytes = 24;
const recordBytes = 48;

/** A version 5 datagram: a header of 24 bytes and records of 48. `fault`: it is not whole; the whole records are given. */
export function readNetflowV5(
  bytes: Uint8Array,
  view: DataView,
  exporter: string,
  receivedAtMs: number,
): { records: FlowRecord[]; fault: string | null } {
  const records: FlowRecord[] = [];
  if (bytes.length < headerBytes) return { records, fault: 'header is cut off' };
  const announced = view.getUint16(2);
  const exportMs = view.getUint32(8) * 1000 + Math.floor(view.getUint32(12) / 1_000_000);
  const clock = { exportMs, bootMs: exportMs - view.getUint32(4) };
  const there = Math.floor((bytes.length - headerBytes) / recordBytes);
  const sampling = samplingOf(view.getUint16(22));
  for (let index = 0; index < Math.min(announced, there); index += 1) {
    const offset = headerBytes + index * recordBytes;
    const record = emptyFlow(exporter, receivedAtMs, 5, view.getUint16(20));
    record.sourceAddress = ipv4Text(bytes, offset);
    record.destinationAddress = ipv4Text(bytes, offset + 4);
    record.inputInterface = view.getUint16(offset + 12);
    record.outputInterface = view.getUint16(offset + 14);
    record.packets = BigInt(view.getUint32(offset + 16));
    record.octets = BigInt(view.getUint32(offset + 20));
    record.startMs = uptimeToMs(view.getUint32(offset + 24), clock);
    record.endMs = uptimeToMs(view.getUint32(offset + 28), clock);
    record.sourcePort = view.getUint16(offset + 32);
    record.destinationPort = view.getUint16(offset + 34);
    record.tcpFlags = view.getUint8(offset + 37);
    record.protocol = view.getUint8(offset + 38);
    record.tos = view.getUint8(offset + 39);
    record.extra = {
      ipNextHopIPv4Address: ipv4Text(bytes, offset + 8),
      bgpSourceAsNumber: view.getUint16(offset + 40),
      bgpDestinationAsNumber: view.getUint16(offset + 42),
      sourceIPv4PrefixLength: view.getUint8(offset + 44),
      destinationIPv4PrefixLength: view.getUint8(offset + 45),
      ...sampling,
    };
    records.push(record);
  }
  const expected = headerBytes + announced * recordBytes;
  return {
    records,
    fault: expected === bytes.length ? null : `${announced} records announced in ${bytes.length} bytes`,
  };
}

/** Two bits of mode, fourteen of interval; all zero: not sampled. */
function samplingOf(field: number): Record<string, number> {
  return field === 0 ? {} : { samplingAlgorithm: field >>> 14, samplingInterval: field & 0x3fff };
}
