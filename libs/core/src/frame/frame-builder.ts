import {
  datagramHeaderBytes,
  frameHeaderBytes,
  frameMagic,
  frameTargetBytes,
  frameVersion,
  kindNumbers,
  maxAddressBytes,
} from './layout.ts';
import type { FramedDatagram } from './layout.ts';

/** Collects datagrams into frames of about `targetBytes`. The bytes are copied at once, so the caller may reuse its buffer. */
export class FrameBuilder {
  readonly #targetBytes: number;
  #bytes: Uint8Array;
  #view: DataView;
  #size = frameHeaderBytes;
  #count = 0;

  constructor(targetBytes: number = frameTargetBytes) {
    this.#targetBytes = targetBytes;
    this.#bytes = new Uint8Array(targetBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Datagrams in the frame that is being filled. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the frame that is being filled. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds one datagram. Where it does not fit any more, the frame so far is returned and the datagram begins the next
   * one. A datagram larger than the target has a frame of its own, larger than the target.
   */
  add(datagram: FramedDatagram): Uint8Array | null {
    const needed = encodedBytes(datagram);
    const full = this.#count > 0 && this.#size + needed > this.#targetBytes ? this.take() : null;
    this.#reserve(this.#size + needed);
    this.#size = this.#write(datagram, this.#size);
    this.#count += 1;
    return full;
  }

  /** The frame so far, null when it is empty; the builder begins a new one. */
  take(): Uint8Array | null {
    if (this.#count === 0) return null;
    this.#view.setUint8(0, frameMagic);
    this.#view.setUint8(1, frameVersion);
    this.#view.setUint16(2, 0);
    this.#view.setUint32(4, this.#count);
    const frame = this.#bytes.slice(0, this.#size);
    if (this.#bytes.length > this.#targetBytes) this.#resize(this.#targetBytes);
    this.#size = frameHeaderBytes;
    this.#count = 0;
    return frame;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#bytes.length) this.#resize(bytes);
  }

  #resize(bytes: number): void {
    const kept = this.#bytes.subarray(0, Math.min(this.#size, bytes));
    this.#bytes = new Uint8Array(bytes);
    this.#bytes.set(kept);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #write(datagram: FramedDatagram, start: number): number {
    const { sourceAddress, bytes } = datagram;
    const addressBytes = Math.min(sourceAddress.length, maxAddressBytes);
    const view = this.#view;
    view.setUint16(start, datagramHeaderBytes + addressBytes);
    view.setUint8(start + 2, kindNumbers[datagram.kind]);
    view.setUint8(start + 3, addressBytes);
    view.setUint16(start + 4, datagram.sourcePort);
    view.setUint16(start + 6, datagram.localPort);
    view.setFloat64(start + 8, datagram.receivedAtMs);
    view.setUint32(start + 16, bytes.length);
    const address = start + datagramHeaderBytes;
    for (let index = 0; index < addressBytes; index += 1) {
      this.#bytes[address + index] = sourceAddress.charCodeAt(index) & 0x7f;
    }
    this.#bytes.set(bytes, address + addressBytes);
    return address + addressBytes + bytes.length;
  }
}

/** Bytes that the datagram takes in a frame. */
function encodedBytes(datagram: FramedDatagram): number {
  return datagramHeaderBytes + Math.min(datagram.sourceAddress.length, maxAddressBytes) + datagram.bytes.length;
}

/** All datagrams in one frame, whatever its size. */
export function encodeFrame(datagrams: readonly FramedDatagram[]): Uint8Array {
  let bytes = frameHeaderBytes;
  for (const datagram of datagrams) bytes += encodedBytes(datagram);
  const builder = new FrameBuilder(bytes);
  for (const datagram of datagrams) builder.add(datagram);
  return builder.take() ?? Uint8Array.of(frameMagic, frameVersion, 0, 0, 0, 0, 0, 0);
}
