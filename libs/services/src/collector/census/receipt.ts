import { digestOf, packEntries, unpackEntries, entriesToText, type LedgerEntry } from '@hotstandby/core/ledger';
import type { CensusAnswer } from '@hotstandby/contracts';
import type { Datagram, ReadMessage, TelemetryKind } from '@hotstandby/ports';

/** What a message of INGEST holds, without what is in the datagrams. */
export interface Receipt {
  id: string;
  sequence: number;
  /** Entries are packed: a minute of them is kept. */
  groups: { source: string; kind: TelemetryKind; entries: Uint8Array }[];
  datagrams: number;
  /** When its datagrams were received; nothing was: -Infinity. */
  firstMs: number;
  lastMs: number;
}

export type ToldMessage = CensusAnswer['messages'][number];

export function receiptOf(
  { id, sequence }: Pick<ReadMessage, 'id' | 'sequence'>,
  datagrams: readonly Datagram[],
  alike: (datagram: Datagram) => Uint8Array,
): Receipt {
  const bySource = new Map<string, { source: string; kind: TelemetryKind; entries: LedgerEntry[] }>();
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for (const datagram of datagrams) {
    const { kind, sourceAddress: source, receivedAtMs } = datagram;
    const key = `${kind} ${source}`;
    const group = bySource.get(key) ?? { source, kind, entries: [] };
    bySource.set(key, group);
    group.entries.push({ digest: digestOf({ ...datagram, bytes: alike(datagram) }), receivedAtMs });
    firstMs = Math.min(firstMs, receivedAtMs);
    lastMs = Math.max(lastMs, receivedAtMs);
  }
  const groups = [...bySource.values()].map((group) => ({ ...group, entries: packEntries(group.entries) }));
  return { id, sequence, groups, datagrams: datagrams.length, firstMs, lastMs };
}

/** What of it was received in a time; null: nothing. */
export function tellOf(
  { id, sequence, groups, firstMs, lastMs }: Receipt,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): { told: ToldMessage; datagrams: number } | null {
  if (lastMs < fromMs || firstMs >= untilMs) return null;
  let datagrams = 0;
  const told = groups.flatMap(({ source, kind, entries }) => {
    const inTime = unpackEntries(entries).filter(({ receivedAtMs: atMs }) => atMs >= fromMs && atMs < untilMs);
    datagrams += inTime.length;
    return inTime.length === 0 ? [] : [{ source, kind, entries: entriesToText(inTime) }];
  });
  return datagrams === 0 ? null : { told: { id, sequence, groups: told }, datagrams };
}
