import { endianness } from 'node:os';

/** Numbers in headers are the host's own; those in nftables' attributes are big-endian. */
const little = endianness() === 'LE';
const nested = 0x8000;
const align = (length: number): number => (length + 3) & ~3;

/** Writes netlink messages (RFC 3549 section 2.3.2) with attributes (type, length, value), one behind the other. */
export class NetlinkWriter {
  #bytes = new Uint8Array(2048);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** A message of nfnetlink: its header, then that of netfilter (`struct nfgenmsg`: family, version 0, a number), then what `body` writes. */
  message(
    head: { type: number; flags: number; sequence: number; family: number; resource?: number },
    body: () => void,
  ): void {
    const start = this.#reserve(20);
    this.#view.setUint16(start + 4, head.type, little);
    this.#view.setUint16(start + 6, head.flags, little);
    this.#view.setUint32(start + 8, head.sequence, little);
    this.#bytes[start + 16] = head.family;
    this.#view.setUint16(start + 18, head.resource ?? 0);
    body();
    this.#view.setUint32(start, this.#length - start, little);
  }

  bytes(type: number, value: Uint8Array): void {
    const start = this.#head(type, value.length);
    this.#bytes.set(value, start);
  }

  /** Ends with a zero byte, as the kernel's names do. ASCII. */
  text(type: number, value: string): void {
    const start = this.#head(type, value.length + 1);
    for (let at = 0; at < value.length; at++) this.#bytes[start + at] = value.charCodeAt(at);
  }

  /** 64 bits, big-endian. */
  number64(type: number, value: number): void {
    const start = this.#head(type, 8);
    this.#view.setUint32(start, Math.floor(value / 2 ** 32));
    this.#view.setUint32(start + 4, value % 2 ** 32);
  }

  nest(type: number, body: () => void): void {
    const start = this.#reserve(4);
    body();
    this.#view.setUint16(start, this.#length - start, little);
    this.#view.setUint16(start + 2, type | nested, little);
  }

  /** What was written, which is valid until the next message is. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** An attribute's head and room for its value; where the value begins. What fills it up to four bytes is not counted in its length. */
  #head(type: number, length: number): number {
    const start = this.#reserve(4 + align(length));
    this.#view.setUint16(start, 4 + length, little);
    this.#view.setUint16(start + 2, type, little);
    return start + 4;
  }

  #reserve(length: number): number {
    const start = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}
