import type { ExportClock } from './flow-time.ts';

/** The header of a version 9 or IPFIX message, and where its sets lie. `bootMs` of IPFIX is not in the header: null. */
export interface MessageHeader extends ExportClock {
  version: 9 | 10;
  observationDomain: number;
  /** Offset of the first set. */
  start: number;
  /** Offset behind the last set, never behind the datagram. */
  end: number;
  fault: string | null;
}

/** A set (RFC 7011 section 3.3.2) or FlowSet (RFC 3954 section 5.2): offsets of its content, without its four header bytes. */
export interface FlowSet {
  id: number;
  start: number;
  end: number;
}

const headerBytes = { 9: 20, 10: 16 } as const;
const setHeaderBytes = 4;

/** Null when the datagram is shorter than the header of its version. */
export function readMessageHeader(view: DataView, version: 9 | 10): MessageHeader | null {
  const bytes = view.byteLength;
  const start = headerBytes[version];
  if (bytes < start) return null;
  if (version === 10) {
    const announced = view.getUint16(2);
    const fault = announced === bytes ? null : `message length ${announced} in a datagram of ${bytes} bytes`;
    const exportMs = view.getUint32(4) * 1000;
    // A wrong length is no reason to lose the sets that are there.
    const end = announced >= start ? Math.min(announced, bytes) : bytes;
    return { version, observationDomain: view.getUint32(12), start, end, exportMs, bootMs: null, fault };
  }
  const exportMs = view.getUint32(8) * 1000;
  const bootMs = exportMs - view.getUint32(4);
  return { version, observationDomain: view.getUint32(16), start, end: bytes, exportMs, bootMs, fault: null };
}

/** Calls `visit` for every set. Gives what is wrong with the lengths, null: nothing. */
export function walkSets(view: DataView, { start, end }: MessageHeader, visit: (set: FlowSet) => void): string | null {
  let offset = start;
  while (end - offset >= setHeaderBytes) {
    const length = view.getUint16(offset + 2);
    if (length < setHeaderBytes) return `set of ${length} bytes`;
    if (length > end - offset) return `set of ${length} bytes, ${end - offset} there`;
    visit({ id: view.getUint16(offset), start: offset + setHeaderBytes, end: offset + length });
    offset += length;
  }
  return offset === end ? null : `${end - offset} bytes behind the last set`;
}
