/** Who still sends to a node that is not active although one address, or name, leads to the active. */
export interface StaleSender {
  /** Its address. */
  source: string;
  /** What it sends: `syslog`, `trap`, `flow`, or `http`. */
  via: string;
  /** Datagrams or requests since this node is not active. */
  count: number;
  /** Wall clock, ms since 1970. */
  firstSeenMs: number;
  lastSeenMs: number;
}

export interface StaleSenderRules {
  /** For so long after its reign a node is still sent to rightly: what is on its way, a name's TTL. */
  graceMs: number;
  /** Senders kept; then the one that was silent for longest is forgotten. */
  most?: number;
  /** No sender is told of again within this time. */
  tellAgainMs?: number;
}

interface Entry extends StaleSender {
  toldAtMs: number;
}

const presetMost = 500;
const hourMs = 3_600_000;

/** Senders that have not noticed a move, bounded in number. Knows no clock: `nowMs` is monotonic, `wallMs` for people. */
export class StaleSenders {
  readonly #rules: Required<StaleSenderRules>;
  readonly #entries = new Map<string, Entry>();
  #isActive = false;
  #notActiveSinceMs: number;
  #forgotten = 0;

  /** A node begins as one that is not active. */
  constructor(rules: StaleSenderRules, nowMs: number) {
    this.#rules = { most: presetMost, tellAgainMs: hourMs, ...rules };
    this.#notActiveSinceMs = nowMs;
  }

  /** An active is sent to rightly; when it was told of whom is kept. */
  roleIs(active: boolean, nowMs: number): void {
    if (active === this.#isActive) return;
    this.#isActive = active;
    if (!active) this.#notActiveSinceMs = nowMs;
    for (const entry of this.#entries.values()) entry.count = 0;
    this.#forgotten = 0;
  }

  /** Whether what comes now comes from a stale sender. */
  isOver(nowMs: number): boolean {
    return !this.#isActive && nowMs - this.#notActiveSinceMs >= this.#rules.graceMs;
  }

  /** The sender when it is to be told of, at most once within `tellAgainMs`; else null. */
  note({ source, via, count }: Pick<StaleSender, 'source' | 'via' | 'count'>, nowMs: number, wallMs: number) {
    if (!this.isOver(nowMs)) return null;
    const key = `${via} ${source}`;
    const entry = this.#entries.get(key) ?? {
      ...{ source, via, count: 0, firstSeenMs: wallMs, lastSeenMs: wallMs },
      toldAtMs: -Infinity,
    };
    // To the end of the map, which is in the order of being seen.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (entry.count === 0) entry.firstSeenMs = wallMs;
    entry.count += count;
    entry.lastSeenMs = wallMs;
    this.#forgetOldest();
    if (nowMs - entry.toldAtMs < this.#rules.tellAgainMs) return null;
    entry.toldAtMs = nowMs;
    return shown(entry);
  }

  /** The last seen first, and how many more there are. */
  list(most: number): { senders: StaleSender[]; more: number } {
    const all = [...this.#entries.values()].filter(({ count }) => count > 0).toReversed();
    const senders = all.slice(0, most).map(shown);
    return { senders, more: all.length - senders.length + this.#forgotten };
  }

  #forgetOldest(): void {
    if (this.#entries.size <= this.#rules.most) return;
    const [oldest] = this.#entries;
    if (!oldest) return;
    this.#entries.delete(oldest[0]);
    if (oldest[1].count > 0) this.#forgotten++;
  }
}

const shown = ({ source, via, count, firstSeenMs, lastSeenMs }: Entry): StaleSender => ({
  source,
  via,
  count,
  firstSeenMs,
  lastSeenMs,
});
