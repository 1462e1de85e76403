import { datagramHeaderBytes, frameHeaderBytes, frameMagic, frameVersion, kindsByNumber } from './layout.ts';
import type { FramedDatagram } from './layout.ts';

/**
 * `fault` says what is wrong with the frame, null: nothing. `datagrams` are those in front of the fault: they are whole.
 * Their bytes are views into the frame, not copies.
 */
export interface DecodedFrame {
  datagrams: FramedDatagram[];
  fault: string | null;
}

/** Reads a frame; never throws, whatever the bytes are. */
export function decodeFrame(frame: Uint8Array): DecodedFrame {
  const datagrams: FramedDatagram[] = [];
  if (frame.length < frameHeaderBytes) return { datagrams, fault: `only ${frame.length} bytes` };
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint8(0) !== frameMagic) return { datagrams, fault: 'no frame: wrong magic byte' };
  if (view.getUint8(1) !== frameVersion) return { datagrams, fault: `version ${view.getUint8(1)} is unknown` };
  const count = view.getUint32(4);
  let offset = frameHeaderBytes;
  for (let index = 0; index < count; index += 1) {
    if (frame.length - offset < datagramHeaderBytes) return { datagrams, fault: `datagram ${index} is cut off` };
    const headerBytes = view.getUint16(offset);
    const kind = kindsByNumber[view.getUint8(offset + 2)];
    const addressBytes = view.getUint8(offset + 3);
    const payloadBytes = view.getUint32(offset + 16);
    if (headerBytes < datagramHeaderBytes + addressBytes)
      return { datagrams, fault: `datagram ${index}: header too short` };
    if (kind === undefined)
      return { datagrams, fault: `datagram ${index}: kind ${view.getUint8(offset + 2)} is unknown` };
    const payload = offset + headerBytes;
    if (frame.length - payload < payloadBytes) return { datagrams, fault: `datagram ${index} is cut off` };
    datagrams.push({
      kind,
      sourceAddress: addressAt(frame, offset + datagramHeaderBytes, addressBytes, datagrams.at(-1)?.sourceAddress),
      sourcePort: view.getUint16(offset + 4),
      localPort: view.getUint16(offset + 6),
      receivedAtMs: view.getFloat64(offset + 8),
      bytes: frame.subarray(payload, payload + payloadBytes),
    });
    offset = payload + payloadBytes;
  }
  return {
    datagrams,
    fault: offset === frame.length ? null : `${frame.length - offset} bytes behind the last datagram`,
  };
}

/** Neighbours in a frame mostly come from the same sender: its string is used again, which costs no memory. */
export function addressAt(frame: Uint8Array, start: number, length: number, previous: string | undefined): string {
  if (previous !== undefined && previous.length === length) {
    let index = 0;
    while (index < length && frame[start + index] === previous.charCodeAt(index)) index += 1;
    if (index === length) return previous;
  }
  let address = '';
  for (let index = 0; index < length; index += 1) address += String.fromCharCode((frame[start + index] ?? 0) & 0x7f);
  return address;
}
