/**
 * Why something is not taken: its source is not on the list, sends more than it may (`too many`), has more connections than it
 * may; a connection was closed, for what came over it was no syslog (`stream`), or its TLS failed.
 */
export type RefusalReason = 'not allowed' | 'too many' | 'connections' | 'stream' | 'tls';

/** What is to be told: that so many datagrams of the source were not taken since it was told last. */
export interface ToldRefusal {
  kind: string;
  /** Null: of all those for which there was no room to count them one by one. */
  source: string | null;
  reason: RefusalReason;
  count: number;
}

interface Refused extends ToldRefusal {
  /** Of all time, as long as the source is remembered. */
  total: number;
  toldAtMs: number | null;
}

const mostSources = 1000;
const tellAgainAfterMs = 3_600_000;
/** At a time: who makes up a thousand sources should not make a thousand events a second. */
const mostAtOnce = 10;

/** Counts what is refused by source, bounded, and says once an hour of each what is to be told. */
export class Refusals {
  readonly #refused = new Map<string, Refused>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(kind: string, source: string, reason: RefusalReason): void {
    this.#total += 1;
    const name = `${kind} ${reason} ${source}`;
    const known =
      this.#refused.get(name) ?? (this.#refused.size < mostSources ? undefined : this.#others(kind, reason));
    if (known) {
      known.count += 1;
      known.total += 1;
    } else this.#refused.set(name, { kind, source, reason, count: 1, total: 1, toldAtMs: null });
  }

  /** What is due now; each is taken for told. Those of which there was nothing new for an hour are forgotten. */
  due(nowMs: number): ToldRefusal[] {
    const told: ToldRefusal[] = [];
    for (const [name, refused] of this.#refused) {
      const { kind, source, reason, count, toldAtMs } = refused;
      const isDue = toldAtMs === null || nowMs - toldAtMs >= tellAgainAfterMs;
      if (!isDue) continue;
      if (count === 0) {
        this.#refused.delete(name);
        continue;
      }
      if (told.length === mostAtOnce) break;
      told.push({ kind, source, reason, count });
      refused.count = 0;
      refused.toldAtMs = nowMs;
    }
    return told;
  }

  /** The sources with the most, for people. */
  largest(most: number): { kind: string; source: string | null; reason: RefusalReason; total: number }[] {
    return [...this.#refused.values()]
      .toSorted((a, b) => b.total - a.total)
      .slice(0, most)
      .map(({ kind, source, reason, total }) => ({ kind, source, reason, total }));
  }

  #others(kind: string, reason: RefusalReason): Refused {
    const name = `${kind} ${reason}`;
    const known = this.#refused.get(name);
    if (known) return known;
    const fresh: Refused = { kind, source: null, reason, count: 0, total: 0, toldAtMs: null };
    this.#refused.set(name, fresh);
    return fresh;
  }
}
