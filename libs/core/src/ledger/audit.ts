import type { LedgerEntry } from './entries.ts';
import { Evenness } from './evenness.ts';
import { ReceiveTimes } from './receive-times.ts';

/** A datagram that a node received; `group` says whose and of which kind. */
export interface ReceivedEntry extends LedgerEntry {
  group: string;
}

/** Entries by one clock, and how far that is ahead of the one that all are compared by. */
export interface ByClock<Entry> {
  aheadMs: number;
  entries: readonly Entry[];
}

export interface AuditInput {
  /** What each node received: of one, or of both. */
  received: ByClock<ReceivedEntry>[];
  /** What the ledger says is stored, commit by commit. */
  stored: ByClock<LedgerEntry>[];
  /** How far apart both copies of a datagram may have been received. */
  reachMs: number;
  /** What lies outside helps to pair, and is not counted. By the clock that all are compared by. */
  fromMs: number;
  untilMs: number;
}

export interface AuditCount {
  /** Datagrams that were sent to either node: both copies of one count once. */
  received: number;
  stored: number;
  lost: number;
  doubled: number;
}

/** Counts by group and minute (since 1970, by the clock of the copy that was stored, else of one that was received). */
export interface Audit {
  counts: Map<string, Map<number, AuditCount>>;
  /** Stored, and in neither node's INGEST: nobody knows what it was. */
  unknown: number;
  /** By group, datagrams of the node whose copies are not stored, of sources that send each node their own: no loss, and not counted. */
  uneven: Map<string, number>;
}

interface Equal {
  group: string;
  /** By node, then by time of the common clock. */
  received: number[][];
  stored: number[];
  aheadMs: number;
}

/**
 * Compares what both nodes received with what the ledger says is stored, datagram by datagram: with a dual feed there are
 * two copies of each, one of which must be stored, once. Equal datagrams are paired nearest in time.
 */
export function audit({ received, stored, reachMs, fromMs, untilMs }: AuditInput): Audit {
  const byDigest = new Map<bigint, Equal>();
  received.forEach(({ aheadMs, entries }, node) => {
    for (const { digest, receivedAtMs, group } of entries) {
      let equal = byDigest.get(digest);
      if (!equal) byDigest.set(digest, (equal = { group, received: received.map(() => []), stored: [], aheadMs }));
      equal.received[node]?.push(receivedAtMs - aheadMs);
    }
  });
  let unknown = 0;
  for (const { aheadMs, entries } of stored) {
    for (const { digest, receivedAtMs } of entries) {
      const atMs = receivedAtMs - aheadMs;
      const equal = byDigest.get(digest);
      if (equal) equal.stored.push(atMs);
      else if (atMs >= fromMs && atMs < untilMs) unknown++;
    }
  }
  const result: Audit = { counts: new Map(), unknown, uneven: new Map() };
  const evenness = received.map(() => new Evenness(reachMs));
  const pairs = [...byDigest.values()].map((equal) => ({ equal, once: pairedOnce(equal, reachMs, evenness) }));
  const isUneven = (group: string, atMs: number) =>
    evenness.length > 1 && evenness.every((ofNode) => ofNode.isUneven(group, atMs));
  for (const { equal, once } of pairs) {
    const count = (atMs: number, what: Exclude<keyof AuditCount, 'received'>) => {
      if (atMs < fromMs || atMs >= untilMs) return;
      const entry = entryOf(result, equal.group, Math.floor((atMs + equal.aheadMs) / 60_000));
      entry[what]++;
      if (what !== 'doubled') entry.received++;
    };
    const sent = new ReceiveTimes(once);
    for (const atMs of equal.stored.toSorted((one, other) => one - other))
      // The copy that was stored may be the other one, so the reach counts from either.
      count(atMs, sent.takeNearest(atMs, 2 * reachMs) ? 'stored' : 'doubled');
    for (const atMs of sent.left()) {
      if (!isUneven(equal.group, atMs)) count(atMs, 'lost');
      else if (atMs >= fromMs && atMs < untilMs)
        result.uneven.set(equal.group, (result.uneven.get(equal.group) ?? 0) + 1);
    }
  }
  return result;
}

/** One time a datagram: those of the first node, and those of the other one that have no copy there. */
function pairedOnce({ group, received }: Equal, reachMs: number, evenness: readonly Evenness[]): number[] {
  const [first = [], second = []] = received;
  const unpaired = new ReceiveTimes(second);
  for (const atMs of first) {
    const isPaired = unpaired.takeNearest(atMs, reachMs);
    evenness[0]?.count(group, atMs, isPaired ? 'paired' : 'alone');
    if (isPaired) evenness[1]?.count(group, atMs, 'paired');
  }
  const alone = unpaired.left();
  for (const atMs of alone) evenness[1]?.count(group, atMs, 'alone');
  return [...first, ...alone];
}

function entryOf({ counts }: Audit, group: string, minute: number): AuditCount {
  let minutes = counts.get(group);
  if (!minutes) counts.set(group, (minutes = new Map()));
  let entry = minutes.get(minute);
  if (!entry) minutes.set(minute, (entry = { received: 0, stored: 0, lost: 0, doubled: 0 }));
  return entry;
}
