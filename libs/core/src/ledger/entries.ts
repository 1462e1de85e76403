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

/** What several packs hold, as one: whoever keeps many entries keeps them packed, for they take a tenth of the room. */
export function joinEntries(packs: readonly Uint8Array[]): Uint8Array {
  const some = packs.filter((pack) => countOf(pack) > 0);
  const views = some.map((pack) => new DataView(pack.buffer, pack.byteOffset, pack.byteLength));
  const baseMs = views.reduce((least, view) => Math.min(least, view.getFloat64(8)), Infinity);
  const packed = new Uint8Array(headerBytes + some.reduce((sum, pack) => sum + pack.length - headerBytes, 0));
  const into = new DataView(packed.buffer);
  into.setUint8(0, version);
  into.setUint32(4, (packed.length - headerBytes) / entryBytes);
  into.setFloat64(8, some.length === 0 ? 0 : baseMs);
  let at = headerBytes;
  for (const [index, pack] of some.entries()) {
    packed.set(pack.subarray(headerBytes), at);
    const end = at + pack.length - headerBytes;
    const laterMs = (views[index]?.getFloat64(8) ?? 0) - baseMs;
    for (at += 8; at < end; at += entryBytes) into.setUint32(at, Math.min(longestSpanMs, into.getUint32(at) + laterMs));
    at = end;
  }
  return packed;
}

/** How many entries a pack holds. */
export function countOf(packed: Uint8Array): number {
  return (packed.length - headerBytes) / entryBytes;
}

/** The earliest and the latest time of what is packed, to a ms; null: nothing is. */
export function timesOf(packed: Uint8Array): { firstMs: number; lastMs: number } | null {
  if (countOf(packed) === 0) return null;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let latest = 0;
  for (let at = headerBytes + 8; at < packed.length; at += entryBytes) latest = Math.max(latest, view.getUint32(at));
  const firstMs = view.getFloat64(8);
  return { firstMs, lastMs: firstMs + latest };
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
