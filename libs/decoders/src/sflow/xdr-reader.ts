/** Reads XDR (RFC 4506), big-endian, within [offset, end). Behind the end everything is zero, and `fault` says so. */
export class XdrReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;
  fault: string | null = null;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.end - this.offset;
  }

  /** Keeps the first fault. */
  fail(fault: string): void {
    this.fault ??= fault;
  }

  u32(what: string): number {
    const at = this.#take(4, what);
    return at === null ? 0 : this.#view.getUint32(at);
  }

  u64(what: string): bigint {
    const at = this.#take(8, what);
    return at === null ? 0n : this.#view.getBigUint64(at);
  }

  /** The offset of `length` octets, the reader then behind them and their padding to four; null: they are not there. */
  opaque(length: number, what: string): number | null {
    const at = this.#take(length, what);
    // The last padding may be missing: nothing is lost with it.
    if (at !== null) this.offset = Math.min(this.end, at + Math.ceil(length / 4) * 4);
    return at;
  }

  #take(length: number, what: string): number | null {
    if (this.fault !== null) return null;
    if (length > this.left) {
      this.fail(`${what}: ${length} bytes announced, ${this.left} there`);
      return null;
    }
    const at = this.offset;
    this.offset += length;
    return at;
  }
}
