/** Tags of the BER subset that SNMP uses (RFC 3417 section 8; RFC 1157; RFC 3416). */
export const berTag = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
} as const;

/** Where the content of one element lies. */
export interface BerElement {
  tag: number;
  start: number;
  end: number;
}

/**
 * Reads BER elements one behind the other within [offset, end). The first fault stays in `fault` and from then on every
 * read gives null: callers check it where it is handy. Definite lengths and one-byte tags only (RFC 3417 section 8).
 */
export class BerReader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;
  fault: string | null = null;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.fault !== null || this.offset >= this.end;
  }

  /** Keeps the first fault. */
  fail(fault: string): null {
    this.fault ??= fault;
    return null;
  }

  /** The next element, whatever its tag; the reader is then behind it. */
  next(what: string): BerElement | null {
    if (this.fault !== null) return null;
    if (this.end - this.offset < 2) return this.fail(`${what}: cut off`);
    const tag = this.bytes[this.offset] ?? 0;
    if ((tag & 0x1f) === 0x1f) return this.fail(`${what}: tag of several bytes`);
    const first = this.bytes[this.offset + 1] ?? 0;
    let start = this.offset + 2;
    let length = first;
    if (first & 0x80) {
      const lengthBytes = first & 0x7f;
      if (lengthBytes === 0 || lengthBytes > 4) return this.fail(`${what}: length in ${lengthBytes} bytes`);
      if (this.end - start < lengthBytes) return this.fail(`${what}: cut off`);
      length = 0;
      for (let index = 0; index < lengthBytes; index += 1) length = length * 256 + (this.bytes[start + index] ?? 0);
      start += lengthBytes;
    }
    if (length > this.end - start) return this.fail(`${what}: ${length} bytes announced, ${this.end - start} there`);
    this.offset = start + length;
    return { tag, start, end: this.offset };
  }

  /** The next element when it has the tag, else a fault. */
  expect(tag: number, what: string): BerElement | null {
    const found = this.bytes[this.offset];
    if (this.offset < this.end && found !== tag) return this.fail(`${what}: tag 0x${found?.toString(16)}`);
    return this.next(what);
  }

  /** A signed integer of at most 32 bits. */
  integer(what: string): number | null {
    const element = this.expect(berTag.integer, what);
    if (!element) return null;
    const small = smallInteger(this.bytes, element);
    if (small !== null) return small;
    const value = signedInteger(this.bytes, element);
    return value === null || value < -0x8000_0000n || value > 0x7fff_ffffn
      ? this.fail(`${what}: no 32-bit integer`)
      : Number(value);
  }

  /** A reader over the content of the element. */
  inside(element: BerElement): BerReader {
    return new BerReader(this.bytes, element.start, element.end);
  }

  content(element: BerElement): Uint8Array {
    return this.bytes.subarray(element.start, element.end);
  }
}

/** One to four bytes in two's complement, the usual integer, without a bigint; null: another length. */
export function smallInteger(bytes: Uint8Array, { start, end }: BerElement): number | null {
  const length = end - start;
  if (length < 1 || length > 4) return null;
  let value = ((bytes[start] ?? 0) << 24) >> 24;
  for (let index = start + 1; index < end; index += 1) value = (value << 8) | (bytes[index] ?? 0);
  return value;
}

/** Two's complement of one to nine bytes (nine: an unsigned 64-bit value with its leading zero), else null. */
export function signedInteger(bytes: Uint8Array, { start, end }: BerElement): bigint | null {
  if (end - start < 1 || end - start > 9) return null;
  let value = 0n;
  for (let index = start; index < end; index += 1) value = (value << 8n) | BigInt(bytes[index] ?? 0);
  return BigInt.asIntN(8 * (end - start), value);
}

/** The same octets read without a sign: agents leave the leading zero out. Null when there are more than 64 bits. */
export function unsignedInteger(bytes: Uint8Array, element: BerElement): bigint | null {
  const value = signedInteger(bytes, element);
  if (value === null || value >= 1n << 64n) return null;
  if (value >= 0n) return value;
  return element.end - element.start > 8 ? null : BigInt.asUintN(8 * (element.end - element.start), value);
}
