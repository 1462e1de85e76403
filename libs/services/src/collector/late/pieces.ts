/**
 * What is compared at a time, by the clock of who received it. Cut at multiples, so that a datagram belongs to the same
 * piece for whoever compares: a replica, a restarted process, the next active.
 */
export const pieceMs = 5000;

/** Less than the ledger is kept: later nobody could tell what is stored. */
const longestMs = 2.5 * 3_600_000;
/** A clock that moved by more than this between two looks was set: what it stamps may lie where all was compared already. */
const setMs = 500;

/** What is known of the node whose datagrams are compared; `nowMs` and `keptSinceMs` by the store's clock. */
interface Look {
  /** How far that node's clock is ahead of the store's. */
  aheadMs: number;
  /** From when on it has everything; null: it has nothing. */
  keptSinceMs: number | null;
  nowMs: number;
}

/** Which piece of a node's datagrams is to be compared next. Begins at a time of the store's clock, `reachMs` earlier. */
export class Pieces {
  readonly #reachMs: number;
  /** Everything of before is compared; by the store's clock. */
  #beforeMs: number;
  #next: { fromMs: number; aheadMs: number } | null = null;

  constructor(fromMs: number, reachMs: number) {
    this.#beforeMs = fromMs;
    this.#reachMs = reachMs;
  }

  /** Where it begins, by the clock of the node. What that no longer has, or nobody could judge any more, is passed over. */
  next({ aheadMs, keptSinceMs, nowMs }: Look): number {
    const isKnown = this.#next !== null && Math.abs(this.#next.aheadMs - aheadMs) <= setMs;
    const goesOnMs = this.#next && isKnown ? this.#next.fromMs : pieceOf(this.#beforeMs - this.#reachMs + aheadMs);
    const worthwhileMs = Math.min(nowMs, Math.max(keptSinceMs ?? nowMs, nowMs - longestMs));
    const fromMs = Math.max(goesOnMs, pieceOf(worthwhileMs + aheadMs));
    this.#next = { fromMs, aheadMs };
    return fromMs;
  }

  /** The next one is compared. Returns up to when everything is, by the store's clock. */
  done(): number {
    if (this.#next) {
      this.#next.fromMs += pieceMs;
      this.#beforeMs = this.#next.fromMs - this.#next.aheadMs;
    }
    return this.#beforeMs;
  }
}

const pieceOf = (ms: number): number => Math.floor(ms / pieceMs) * pieceMs;
