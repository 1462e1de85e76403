import { PrefixTable, rateKey } from './prefix-table.ts';
import type { RefusalReason } from './refusals.ts';
import { TokenBuckets, type Rate } from './token-buckets.ts';

/** Who may send to a listener, and how much. */
export interface AdmissionRules {
  /** Networks or addresses; none: everybody. */
  sources: readonly string[];
  /** For each source; null: as much as it likes. */
  rate: Rate | null;
}

/** Sources whose verdicts or rates are kept at a time. */
const mostSources = 65_536;

/** Decides of each datagram by its source alone whether it is taken. Memory is bounded, whatever sources there are. */
export class Admission {
  readonly #allowed: PrefixTable;
  readonly #buckets: TokenBuckets | null;
  /** A table look-up is some hundred nanoseconds, most of it for reading the text: senders repeat. */
  #verdicts = new Map<string, boolean>();
  readonly #rateKeys = new Map<string, string>();

  /** Throws `RangeError` when a source is neither network nor address. */
  constructor({ sources, rate }: AdmissionRules) {
    this.#allowed = new PrefixTable(sources);
    this.#buckets = rate && new TokenBuckets(rate, mostSources);
  }

  /** Whether everything is admitted, so that nobody needs to ask. */
  get isOpen(): boolean {
    return this.#allowed.isEmpty && this.#buckets === null;
  }

  /** Null: take it. `nowMs` is monotonic. */
  refusal(source: string, nowMs: number): Extract<RefusalReason, 'not allowed' | 'too many'> | null {
    if (!this.allows(source)) return 'not allowed';
    if (this.#buckets && !this.#buckets.take(this.#rateKey(source), nowMs)) return 'too many';
    return null;
  }

  /** Whether the source is on the list. */
  allows(source: string): boolean {
    if (this.#allowed.isEmpty) return true;
    const known = this.#verdicts.get(source);
    if (known !== undefined) return known;
    const verdict = this.#allowed.matches(source);
    if (this.#verdicts.size >= mostSources) this.#verdicts = new Map();
    this.#verdicts.set(source, verdict);
    return verdict;
  }

  /**
   * For a sender that can be held back (TCP): what it sent is taken, and counts; gives for how many ms it should be held back.
   */
  holdBackMs(source: string, count: number, nowMs: number): number {
    return this.#buckets?.owe(this.#rateKey(source), count, nowMs) ?? 0;
  }

  #rateKey(source: string): string {
    if (!source.includes(':')) return source;
    let key = this.#rateKeys.get(source);
    if (key !== undefined) return key;
    key = rateKey(source);
    if (this.#rateKeys.size >= mostSources) this.#rateKeys.clear();
    this.#rateKeys.set(source, key);
    return key;
  }
}
