export interface Rate {
  perSecond: number;
  /** How many may come at once after a silence. */
  burst: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * A token bucket for each source, however many there are: those that were silent long enough to be full again are forgotten, which
 * changes nothing for them. While there are more than `mostSources` the new ones share one bucket, so that nobody who makes
 * addresses up gets more than those that there are.
 */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #mostSources: number;
  readonly #refillMs: number;
  #recent = new Map<string, Bucket>();
  #earlier = new Map<string, Bucket>();
  #turnedAtMs = -Infinity;
  readonly #shared: Bucket;

  constructor(rate: Rate, mostSources: number) {
    this.#rate = rate;
    this.#mostSources = mostSources;
    this.#refillMs = Math.ceil((rate.burst / rate.perSecond) * 1000);
    this.#shared = { tokens: rate.burst, atMs: 0 };
  }

  get size(): number {
    return this.#recent.size + this.#earlier.size;
  }

  /** Takes one token; false: there is none. */
  take(source: string, nowMs: number): boolean {
    const bucket = this.#filled(source, nowMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Takes `count` tokens whether they are there or not, and gives the time in ms until the debt is paid; 0: there is none. */
  owe(source: string, count: number, nowMs: number): number {
    const bucket = this.#filled(source, nowMs);
    bucket.tokens -= count;
    return bucket.tokens >= 0 ? 0 : Math.ceil((-bucket.tokens / this.#rate.perSecond) * 1000);
  }

  #filled(source: string, nowMs: number): Bucket {
    const bucket = this.#bucketOf(source, nowMs);
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + (passedMs * this.#rate.perSecond) / 1000);
    bucket.atMs = Math.max(bucket.atMs, nowMs);
    return bucket;
  }

  #bucketOf(source: string, nowMs: number): Bucket {
    if (nowMs - this.#turnedAtMs >= this.#refillMs) this.#turn(nowMs);
    const known = this.#recent.get(source);
    if (known) return known;
    const earlier = this.#earlier.get(source);
    if (this.#recent.size >= this.#mostSources) return earlier ?? this.#shared;
    const bucket = earlier ?? { tokens: this.#rate.burst, atMs: nowMs };
    this.#recent.set(source, bucket);
    return bucket;
  }

  /** What nobody asked for since the last turn is full again, unless it is in debt. */
  #turn(nowMs: number): void {
    const indebted = [...this.#earlier].filter(([source, { tokens }]) => tokens < 0 && !this.#recent.has(source));
    this.#earlier = this.#recent;
    this.#recent = new Map(indebted.slice(0, this.#mostSources));
    this.#turnedAtMs = nowMs;
  }
}
