import { hexText } from '../text/hex.ts';

/** What a record holds beside the columns. The second of two equal names has `#2` behind it, and so on. */
export class ExtraFields {
  readonly values: Record<string, unknown> = {};
  readonly #times = new Map<string, number>();

  /** Integers beyond 2^53 - 1 become decimal strings. */
  put(name: string, value: string | number | bigint): void {
    const times = (this.#times.get(name) ?? 0) + 1;
    this.#times.set(name, times);
    this.values[times === 1 ? name : `${name}#${times}`] =
      typeof value === 'bigint' ? (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `${value}`) : value;
  }

  /** What is not understood is kept: `sflow.enterprise.format` with its octets in hex. */
  keep(format: number, octets: Uint8Array): void {
    this.put(`sflow.${format >>> 12}.${format & 0xfff}`, hexText(octets));
  }
}
