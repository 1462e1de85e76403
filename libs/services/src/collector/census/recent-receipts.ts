import type { Receipt } from './receipt.ts';

/**
 * What came into INGEST of late, as whoever compares the nodes will ask for it: on the way past, so that the server need not give
 * all of it once more. Complete from some time on, or empty.
 */
export class RecentReceipts {
  readonly #most: { ms: number; datagrams: number };
  #receipts: Receipt[] = [];
  #datagrams = 0;
  /** Everything that was received from then on and is in INGEST is here; wall clock. */
  #sinceMs = Infinity;

  constructor(most = { ms: 60_000, datagrams: 1_500_000 }) {
    this.#most = most;
  }

  /** The next message of the stream. */
  add(receipt: Receipt, nowMs: number): void {
    const last = this.#receipts.at(-1);
    // The stream is another one, or its bounds were faster than this reader.
    if (last && receipt.sequence !== last.sequence + 1) this.clear();
    // What came before, and is not here, was received before now.
    if (this.#receipts.length === 0) this.#sinceMs = nowMs;
    this.#receipts.push(receipt);
    this.#datagrams += receipt.datagrams;
    this.#forget(nowMs);
  }

  clear(): void {
    this.#receipts = [];
    this.#datagrams = 0;
    this.#sinceMs = Infinity;
  }

  /** Everything in the stream from a number on, which ends with `lastSequence`; null: some of what was received since then is not here. */
  from(sequence: number, fromMs: number, lastSequence: number): readonly Receipt[] | null {
    const last = this.#receipts.at(-1);
    if (!last || fromMs < this.#sinceMs || last.sequence < lastSequence) return null;
    const first = this.#receipts[0]?.sequence ?? 0;
    return this.#receipts.slice(Math.max(0, sequence - first));
  }

  #forget(nowMs: number): void {
    let gone = 0;
    for (const receipt of this.#receipts) {
      if (receipt.lastMs >= nowMs - this.#most.ms && this.#datagrams <= this.#most.datagrams) break;
      this.#datagrams -= receipt.datagrams;
      this.#sinceMs = Math.max(this.#sinceMs, receipt.lastMs + 1);
      gone++;
    }
    if (gone > 0) this.#receipts.splice(0, gone);
  }
}
