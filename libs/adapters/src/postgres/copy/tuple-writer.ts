import { storableText } from '../text.ts';

/** At first; it grows to what the largest message so far needed; a message of INGEST has about 64 KiB. */
const firstBytes = 256 * 1024;
/** Not kept when it grew beyond this: few messages are as large. */
const mostKeptBytes = 4 * 1024 * 1024;

/** Family, bits, no network, octets. */
const inet4Header = 0x02_20_00_04;
const zero = 48;
const dot = 46;

/** Between the epochs of PostgreSQL (2000) and of Unix, in ms. */
const postgresEpochMs = 946_684_800_000;
const twoTo32 = 2 ** 32;

/** Texts up to this length are mostly ASCII, and copied faster here than by a call into the runtime. */
const shortText = 48;

/**
 * Tuples of a binary COPY (PostgreSQL's documentation of COPY, "Binary Format"): every field is its length and its octets,
 * all numbers big-endian, length -1 is null.
 */
export class TupleWriter {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #at = 0;

  /** Octets so far. */
  get size(): number {
    return this.#at;
  }

  /** Where `room` is; others when more was written. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A copy of the tuples so far, null: none; the writer begins anew. */
  take(): Buffer | null {
    if (this.#at === 0) return null;
    const taken = Buffer.allocUnsafeSlow(this.#at);
    this.#bytes.copy(taken, 0, 0, this.#at);
    this.#at = 0;
    if (this.#bytes.length > mostKeptBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
    return taken;
  }

  /** Octets that are fields already. */
  copy(fields: Uint8Array): void {
    this.#reserve(fields.length);
    const bytes = this.#bytes;
    let at = this.#at;
    // A call into the runtime costs more than some octets.
    if (fields.length > shortText * 2) bytes.set(fields, at);
    else for (let index = 0; index < fields.length; index++) bytes[at++] = fields[index] ?? 0;
    this.#at += fields.length;
  }

  /** A field of so many octets, which are the caller's to write from the place given. */
  room(octets: number): number {
    this.#reserve(4 + octets);
    const at = this.#length(octets);
    this.#at = at + octets;
    return at;
  }

  /** A field whose length is not known yet: `end` wants what this gives. */
  begin(): number {
    this.none();
    return this.#at;
  }

  end(begun: number): void {
    this.#word(begun - 4, this.#at - begun);
  }

  /** Octets that are no field, but part of one. */
  words(...words: number[]): void {
    this.#reserve(words.length * 4);
    for (const word of words) this.#at = this.#word(this.#at, word);
  }

  tuple(fields: number): void {
    this.#reserve(2);
    this.#at = this.#bytes.writeInt16BE(fields, this.#at);
  }

  none(): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeInt32BE(-1, this.#at);
  }

  int2(value: number): void {
    this.#reserve(6);
    const at = this.#length(2);
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value;
    this.#at = at + 2;
  }

  int4(value: number): void {
    this.#reserve(8);
    this.#at = this.#word(this.#length(4), value);
  }

  /** A whole number of at most 2^53 either way. */
  int8(value: number): void {
    this.#reserve(12);
    const high = Math.floor(value / twoTo32);
    this.#at = this.#word(this.#word(this.#length(8), high), value - high * twoTo32);
  }

  bigint(value: bigint): void {
    this.#reserve(12);
    this.#at = this.#bytes.writeBigInt64BE(value, this.#length(8));
  }

  /** Of ms since 1970, whole. */
  timestamp(ms: number): void {
    const sinceMs = ms - postgresEpochMs;
    if (Math.abs(sinceMs) < 9e12) this.int8(sinceMs * 1000);
    else this.bigint(BigInt(sinceMs) * 1000n);
  }

  octets(value: Uint8Array): void {
    this.#reserve(4 + value.length);
    const at = this.#length(value.length);
    this.#bytes.set(value, at);
    this.#at = at + value.length;
  }

  /** An IPv4 address as `inet`; false, and nothing written, when it is none. */
  inet4(address: string): boolean {
    this.#reserve(12);
    const bytes = this.#bytes;
    const last = this.#at + 11;
    let at = this.#at + 8;
    let octet = -1;
    for (let index = 0; index < address.length; index++) {
      const code = address.charCodeAt(index);
      if (code === dot && octet >= 0 && at < last) {
        bytes[at++] = octet;
        octet = -1;
      } else if (code >= zero && code <= zero + 9 && octet !== 0 && octet < 26) {
        octet = (octet < 0 ? 0 : octet * 10) + code - zero;
        if (octet > 255) return false;
      } else return false;
    }
    if (octet < 0 || at !== last) return false;
    bytes[at] = octet;
    this.#at = this.#word(this.#length(8), inet4Header) + 4;
    return true;
  }

  /** An IPv4 address of 32 bits as `inet`. */
  inet4Bits(bits: number): void {
    this.#reserve(12);
    this.#at = this.#word(this.#word(this.#length(8), inet4Header), bits);
  }

  text(value: string): void {
    this.#reserve(4 + value.length * 3);
    if (value.length > shortText || !this.#ascii(value)) this.#utf8(value, 0);
  }

  /** Octets that are text as `text` can hold it. */
  span(octets: Buffer, from: number, to: number): void {
    this.#reserve(4 + to - from);
    this.#at = this.#put(octets, from, to, this.#length(to - from));
  }

  /** Octets that are JSON as `jsonb` takes it. */
  jsonSpan(octets: Buffer, from: number, to: number): void {
    this.#reserve(5 + to - from);
    const at = this.#length(to - from + 1);
    this.#bytes[at] = 1;
    this.#at = this.#put(octets, from, to, at + 1);
  }

  /** Already JSON that `jsonb` takes. */
  jsonb(value: string): void {
    this.#reserve(5 + value.length * 3);
    this.#utf8(value, 1);
  }

  /** False, and nothing written, when it is not plain ASCII without NUL. */
  #ascii(value: string): boolean {
    const start = this.#length(value.length);
    const bytes = this.#bytes;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code === 0 || code > 127) return false;
      bytes[start + index] = code;
    }
    this.#at = start + value.length;
    return true;
  }

  /** `version`: the octet in front of a `jsonb`; 0: none. */
  #utf8(value: string, version: 0 | 1): void {
    const start = this.#at + 4;
    if (version === 1) this.#bytes[start] = version;
    // Lone surrogates become U+FFFD by themselves.
    const text = value.includes('\0') ? storableText(value) : value;
    const end = start + version + this.#bytes.write(text, start + version, 'utf8');
    this.#bytes.writeInt32BE(end - start, this.#at);
    this.#at = end;
  }

  #put(octets: Buffer, from: number, to: number, at: number): number {
    const bytes = this.#bytes;
    if (to - from > shortText) return at + octets.copy(bytes, at, from, to);
    for (let index = from; index < to; index++) bytes[at++] = octets[index] ?? 0;
    return at;
  }

  #length(value: number): number {
    return this.#word(this.#at, value);
  }

  #word(at: number, value: number): number {
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    return at + 4;
  }

  #reserve(bytes: number): void {
    if (this.#bytes.length - this.#at >= bytes) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
