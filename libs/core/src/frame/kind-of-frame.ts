import { frameHeaderBytes, frameMagic, frameVersion, kindsByNumber, type FramedDatagram } from './layout.ts';

/** The kind of a frame's first datagram, which is that of all; null: there is none, or it is no frame. */
export function kindOfFrame(frame: Uint8Array): FramedDatagram['kind'] | null {
  if (frame[0] !== frameMagic || frame[1] !== frameVersion) return null;
  return kindsByNumber[frame[frameHeaderBytes + 2] ?? 0] ?? null;
}
