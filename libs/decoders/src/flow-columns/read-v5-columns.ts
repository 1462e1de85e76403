import { uptimeToMs, type ExportClock } from '../netflow/flow-time.ts';
import { summedColumns } from './column-plan.ts';
import type { ExtraColumn, FlowColumns, FlowShape } from './flow-columns.ts';

const headerBytes = 24;
const recordBytes = 48;

const extra: readonly ExtraColumn[] = [
  { name: 'ipNextHopIPv4Address', kind: 'ipv4' },
  { name: 'bgpSourceAsNumber', kind: 'unsigned' },
  { name: 'bgpDestinationAsNumber', kind: 'unsigned' },
  { name: 'sourceIPv4PrefixLength', kind: 'unsigned' },
  { name: 'destinationIPv4PrefixLength', kind: 'unsigned' },
];
const sampling: readonly ExtraColumn[] = [
  { name: 'samplingAlgorithm', kind: 'unsigned' },
  { name: 'samplingInterval', kind: 'unsigned' },
];
const columns: FlowShape['columns'] = new Set([...summedColumns, 'startMs', 'endMs', 'tcpFlags', 'tos']);
const shapes = {
  sums: { version: 5, columns: new Set(summedColumns), extra: [] },
  flows: { version: 5, columns, extra },
  sampled: { version: 5, columns, extra: [...extra, ...sampling] },
} as const satisfies Record<string, FlowShape>;

/** A version 5 datagram: all fields are where they always are. False, and nothing added: it is not whole. */
export function readV5Columns(view: DataView, exporter: string, receivedAtMs: number, into: FlowColumns): boolean {
  if (view.byteLength < headerBytes) return false;
  const count = view.getUint16(2);
  if (view.byteLength !== headerBytes + count * recordBytes) return false;
  const sampled = view.getUint16(22);
  const shape = into.holds === 'sums' ? shapes.sums : sampled === 0 ? shapes.flows : shapes.sampled;
  into.reserve(count, shape.extra.length);
  const row = into.count;
  const end = row + count;
  readSummed(view, into, row, end);
  if (into.holds === 'flows') {
    const exportMs = view.getUint32(8) * 1000 + Math.floor(view.getUint32(12) / 1_000_000);
    readOthers(view, into, row, end, { exportMs, bootMs: exportMs - view.getUint32(4) });
    readExtra(view, into.extra, row, end);
    if (sampled !== 0) fillSampling(into.extra, row, end, sampled);
  }
  into.endRun(shape, exporter, view.getUint16(20), receivedAtMs, end);
  return true;
}

// Three loops, each with no more arrays than a processor has registers for.

function readSummed(view: DataView, into: FlowColumns, from: number, end: number): void {
  const { sourceAddress, destinationAddress, inputInterface, outputInterface, packets, octets } = into;
  const { sourcePort, destinationPort, protocol } = into;
  for (let row = from, at = headerBytes; row < end; row += 1, at += recordBytes) {
    sourceAddress[row] = view.getUint32(at);
    destinationAddress[row] = view.getUint32(at + 4);
    inputInterface[row] = view.getUint16(at + 12);
    outputInterface[row] = view.getUint16(at + 14);
    packets[row] = view.getUint32(at + 16);
    octets[row] = view.getUint32(at + 20);
    sourcePort[row] = view.getUint16(at + 32);
    destinationPort[row] = view.getUint16(at + 34);
    protocol[row] = view.getUint8(at + 38);
  }
}

function readOthers(
  view: DataView,
  { startMs, endMs, tcpFlags, tos }: FlowColumns,
  from: number,
  end: number,
  clock: ExportClock & { bootMs: number },
): void {
  const { bootMs, exportMs } = clock;
  // Mostly a flow was in the weeks before the export; the rest is for the careful way, which knows of wraps.
  const fromMs = Math.max(0, exportMs - 2 ** 31);
  for (let row = from, at = headerBytes; row < end; row += 1, at += recordBytes) {
    const began = bootMs + view.getUint32(at + 24);
    const ended = bootMs + view.getUint32(at + 28);
    startMs[row] = began >= fromMs && began <= exportMs ? began : (uptimeToMs(began - bootMs, clock) ?? NaN);
    endMs[row] = ended >= fromMs && ended <= exportMs ? ended : (uptimeToMs(ended - bootMs, clock) ?? NaN);
    tcpFlags[row] = view.getUint8(at + 37);
    tos[row] = view.getUint8(at + 39);
  }
}

function readExtra(view: DataView, into: readonly Uint32Array[], from: number, end: number): void {
  const [nextHop, sourceAs, destinationAs, sourcePrefix, destinationPrefix] = into;
  if (!nextHop || !sourceAs || !destinationAs || !sourcePrefix || !destinationPrefix) return;
  for (let row = from, at = headerBytes; row < end; row += 1, at += recordBytes) {
    nextHop[row] = view.getUint32(at + 8);
    sourceAs[row] = view.getUint16(at + 40);
    destinationAs[row] = view.getUint16(at + 42);
    sourcePrefix[row] = view.getUint8(at + 44);
    destinationPrefix[row] = view.getUint8(at + 45);
  }
}

/** Two bits of mode, fourteen of interval. */
function fillSampling(into: readonly Uint32Array[], from: number, end: number, field: number): void {
  into[extra.length]?.fill(field >>> 14, from, end);
  into[extra.length + 1]?.fill(field & 0x3fff, from, end);
}
