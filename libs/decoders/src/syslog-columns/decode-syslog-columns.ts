import type { DatagramContext } from '../records.ts';
import { endOfText } from '../syslog/end-of-text.ts';
import { recordTimeMs } from '../time/civil-time.ts';
import { digitsIn, findIn, isPlainText } from './octets.ts';
import { readRfc3164 } from './read-rfc3164.ts';
import { readRfc5424 } from './read-rfc5424.ts';
import type { SyslogColumns } from './syslog-columns.ts';

const highestPriority = 191;

/**
 * A usual message of RFC 5424 or 3164 in plain ASCII as the row behind those that are there: then true. Else false, nothing was
 * added, and `decodeSyslog` reads it. Never throws. All datagrams must be views of one memory, as those of a frame are.
 */
export function decodeSyslogColumns(
  datagram: Uint8Array,
  { sourceAddress, receivedAtMs }: DatagramContext,
  into: SyslogColumns,
): boolean {
  if (into.octets.buffer !== datagram.buffer) {
    if (into.count > 0) return false;
    into.octets = new Uint8Array(datagram.buffer);
  }
  const end = endOfText(datagram);
  const close = findIn(datagram, 0x3e, 0, Math.min(end, 5));
  const priority = close < 2 || datagram[0] !== 0x3c ? NaN : digitsIn(datagram, 1, close - 1);
  if (!(priority <= highestPriority) || !isPlainText(datagram, end)) return false;
  if (recordTimeMs(receivedAtMs) === null) return false;
  into.reserve(0);
  const row = into.count;
  const base = datagram.byteOffset;
  into.jsonEnd[row] = into.jsonStart(row);
  const read =
    readRfc5424(datagram, close + 1, end, base, into) ||
    readRfc3164(datagram, close + 1, end, { receivedAtMs, base }, into);
  if (!read) return false;
  into.sourceAddress.push(sourceAddress);
  into.receivedAtMs[row] = receivedAtMs;
  into.facility[row] = priority >> 3;
  into.severity[row] = priority & 7;
  into.count = row + 1;
  return true;
}
