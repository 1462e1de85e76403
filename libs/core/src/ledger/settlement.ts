import type { LedgerEntry } from './entries.ts';
import { ReceiveTimes } from './receive-times.ts';

/**
 * What others have stored, as a multiset: each entry stands for one datagram and is used up by one. Equal digests are
 * paired nearest in receive time, never further apart than `reachMs`, which bounds what the nodes' wall clocks may differ
 * and how long a copy may sit in a socket's buffer.
 */
export class Settlement {
  readonly #reachMs: number;
  /** Most digests stand for one datagram: then it is just its time. */
  readonly #open: Map<bigint, number | ReceiveTimes>;
  #size = 0;

  constructor(stored: Iterable<LedgerEntry>, reachMs: number) {
    this.#reachMs = reachMs;
    const single = new Map<bigint, number>();
    const equal = new Map<bigint, number[]>();
    const equalTo = (digest: bigint, first: number) => {
      const times = equal.get(digest) ?? [first];
      equal.set(digest, times);
      return times;
    };
    for (const { digest, receivedAtMs } of stored) {
      this.#size++;
      const first = single.get(digest);
      if (first === undefined) single.set(digest, receivedAtMs);
      else equalTo(digest, first).push(receivedAtMs);
    }
    this.#open = single;
    for (const [digest, times] of equal) this.#open.set(digest, new ReceiveTimes(times));
  }

  /** True when somebody has stored this datagram's other copy, which is then used up. */
  take({ digest, receivedAtMs }: LedgerEntry): boolean {
    const open = this.#open.get(digest);
    if (open === undefined) return false;
    if (typeof open === 'number') {
      if (Math.abs(open - receivedAtMs) > this.#reachMs) return false;
      this.#open.delete(digest);
    } else if (!open.takeNearest(receivedAtMs, this.#reachMs)) return false;
    this.#size--;
    return true;
  }

  /** Entries that nobody has used up. */
  size(): number {
    return this.#size;
  }
}
