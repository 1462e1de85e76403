import { uptimeToMs, type ExportClock } from '../netflow/flow-time.ts';
import type { FlowColumns } from './flow-columns.ts';

const recordBytes = 48;

/** The records of a version 5 datagram from `offset` on, to rows from `row` up to, not including, `end`: all fields are where they always are. */
export function readV5Columns(
  view: DataView,
  offset: number,
  columns: FlowColumns,
  row: number,
  end: number,
  clock: ExportClock & { bootMs: number },
): void {
  const { sourceAddress, destinationAddress, nextHop, inputInterface, outputInterface, packets, octets } = columns;
  const { startMs, endMs, sourcePort, destinationPort, tcpFlags, protocol, tos, sourceAs, destinationAs } = columns;
  const { sourcePrefix, destinationPrefix, direction } = columns;
  const { bootMs } = clock;
  // Mostly a flow was in the weeks before the export; the rest is for the careful way, which knows of wraps.
  const fromMs = Math.max(0, clock.exportMs - 2 ** 31);
  const toMs = clock.exportMs;
  let at = offset;
  for (let index = row; index < end; index += 1) {
    sourceAddress[index] = view.getUint32(at);
    destinationAddress[index] = view.getUint32(at + 4);
    nextHop[index] = view.getUint32(at + 8);
    inputInterface[index] = view.getUint16(at + 12);
    outputInterface[index] = view.getUint16(at + 14);
    packets[index] = view.getUint32(at + 16);
    octets[index] = view.getUint32(at + 20);
    const began = bootMs + view.getUint32(at + 24);
    const ended = bootMs + view.getUint32(at + 28);
    startMs[index] = began >= fromMs && began <= toMs ? began : (uptimeToMs(began - bootMs, clock) ?? NaN);
    endMs[index] = ended >= fromMs && ended <= toMs ? ended : (uptimeToMs(ended - bootMs, clock) ?? NaN);
    sourcePort[index] = view.getUint16(at + 32);
    destinationPort[index] = view.getUint16(at + 34);
    tcpFlags[index] = view.getUint8(at + 37);
    protocol[index] = view.getUint8(at + 38);
    tos[index] = view.getUint8(at + 39);
    sourceAs[index] = view.getUint16(at + 40);
    destinationAs[index] = view.getUint16(at + 42);
    sourcePrefix[index] = view.getUint8(at + 44);
    destinationPrefix[index] = view.getUint8(at + 45);
    direction[index] = 0;
    at += recordBytes;
  }
}
