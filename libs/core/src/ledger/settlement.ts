import type { LedgerEntry } from './entries.ts';
import { ReceiveTimes } from './receive-times.ts';

/**
 * What others have stored, as a multiset: each entry stands for one datagram and is used up by one. Equal digests are
 * paired nearest in receive time, never further apart than `reachMs`, which bounds what the nodes' wall clocks may differ
 * and how long a copy may sit in a socket's buffer.
 */
export class Settlement {
  readonly #reachMs: number;
  /** Most digests stand for one datagram: then it is just its time. Lists are put in order when the first is taken. */
  readonly #open = new Map<bigint, number | number[] | ReceiveTimes>();
  #size = 0;

  constructor(stored: Iterable<LedgerEntry>, reachMs: number) {
    this.#reachMs = reachMs;
    for (const entry of stored) this.add(entry);
  }

  add({ digest, receivedAtMs }: LedgerEntry): void {
    this.#size++;
    const open = this.#open.get(digest);
    if (open === undefined) this.#open.set(digest, receivedAtMs);
    else if (Array.isArray(open)) open.push(receivedAtMs);
    else this.#open.set(digest, [...(typeof open === 'number' ? [open] : open.left()), receivedAtMs]);
  }

  /** True when somebody has stored this datagram's other copy, which is then used up. */
  take({ digest, receivedAtMs }: LedgerEntry, reachMs = this.#reachMs): boolean {
    const open = this.#open.get(digest);
    if (open === undefined) return false;
    if (typeof open === 'number') {
      if (Math.abs(open - receivedAtMs) > reachMs) return false;
      this.#open.delete(digest);
    } else if (!this.#inOrder(digest, open).takeNearest(receivedAtMs, reachMs)) return false;
    this.#size--;
    return true;
  }

  /** Entries that nobody has used up. */
  size(): number {
    return this.#size;
  }

  #inOrder(digest: bigint, open: number[] | ReceiveTimes): ReceiveTimes {
    if (!Array.isArray(open)) return open;
    const times = new ReceiveTimes(open);
    this.#open.set(digest, times);
    return times;
  }
}
