import { addressAt } from './decode-frame.ts';
import { datagramHeaderBytes, frameHeaderBytes } from './layout.ts';

/** What is left of a frame. `bytes` is the frame itself when nothing was left out, null when everything was. */
export interface SievedFrame {
  bytes: Uint8Array | null;
  kept: number;
  refused: number;
}

/**
 * Leaves datagrams out of a frame that a receiver made: asks once for each datagram, in their order, by its sender's address
 * and the length of its payload. Allocates nothing while all are kept and come from the same sender.
 */
export function sieveFrame(
  frame: Uint8Array,
  keep: (sourceAddress: string, payloadBytes: number) => boolean,
): SievedFrame {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const refused: { start: number; end: number }[] = [];
  let kept = 0;
  let address: string | undefined;
  let offset = frameHeaderBytes;
  while (frame.length - offset >= datagramHeaderBytes) {
    address = addressAt(frame, offset + datagramHeaderBytes, view.getUint8(offset + 3), address);
    const payloadBytes = view.getUint32(offset + 16);
    const end = offset + view.getUint16(offset) + payloadBytes;
    if (keep(address, payloadBytes)) kept += 1;
    else refused.push({ start: offset, end });
    offset = end;
  }
  if (refused.length === 0) return { bytes: frame, kept, refused: 0 };
  if (kept === 0) return { bytes: null, kept, refused: refused.length };
  return { bytes: without(frame, refused, kept), kept, refused: refused.length };
}

function without(frame: Uint8Array, holes: readonly { start: number; end: number }[], count: number): Uint8Array {
  const rest = new Uint8Array(frame.length - holes.reduce((sum, { start, end }) => sum + end - start, 0));
  let from = 0;
  let size = 0;
  for (const { start, end } of [...holes, { start: frame.length, end: frame.length }]) {
    rest.set(frame.subarray(from, start), size);
    size += start - from;
    from = end;
  }
  new DataView(rest.buffer).setUint32(4, count);
  return rest;
}
