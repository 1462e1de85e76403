/** A datagram in the ledger. */
export interface LedgerEntry {
  digest: bigint;
  /** Wall clock of the node that received it, ms since 1970. */
  receivedAtMs: number;
}

/**
 * The layout of packed entries, all numbers big-endian:
 *
 * ```
 * packed = version u8 = 1, reserved 3 bytes = 0, count u32, baseMs f64, then `count` entries
 * entry  = digest u64, receivedAtMs - baseMs u32 (at most 49 days)
 * ```
 */
const version = 1;
const headerBytes = 16;
const entryBytes = 12;
const longestSpanMs = 0xffff_ffff;

export function packEntries(entries: readonly LedgerEntry[]): Uint8Array {
  const packed = new Uint8Array(headerBytes + entries.length * entryBytes);
  const view = new DataView(packed.buffer);
  const baseMs = Math.floor(entries.reduce((least, entry) => Math.min(least, entry.receivedAtMs), Infinity));
  view.setUint8(0, version);
  view.setUint32(4, entries.length);
  view.setFloat64(8, entries.length === 0 ? 0 : baseMs);
  let at = headerBytes;
  for (const { digest, receivedAtMs } of entries) {
    view.setBigUint64(at, digest);
    view.setUint32(at + 8, Math.min(longestSpanMs, Math.round(receivedAtMs - baseMs)));
    at += entryBytes;
  }
  return packed;
}

/** Throws `RangeError` when the bytes are not packed entries: a ledger that cannot be read must not look empty. */
export function unpackEntries(packed: Uint8Array): LedgerEntry[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const count = packed.length >= headerBytes && view.getUint8(0) === version ? view.getUint32(4) : -1;
  if (packed.length !== headerBytes + count * entryBytes) throw new RangeError('these are not packed ledger entries');
  const baseMs = view.getFloat64(8);
  return Array.from({ length: count }, (_, index) => {
    const at = headerBytes + index * entryBytes;
    return { digest: view.getBigUint64(at), receivedAtMs: baseMs + view.getUint32(at + 8) };
  });
}
