import type { Clock } from '@hotstandby/ports';
import type { Random } from './random.ts';

export interface LineMix {
  /** Chance that a message takes up to `longestMs`. */
  slow: number;
  longestMs: number;
  /** What a cut swallowed is lost with this chance; otherwise it comes after the cut, as TCP sends it again. */
  lost: number;
}

/** Nothing that took longer is within its bounds. */
const usualMs = 10;

/** One direction between two places of the network. */
export class Line {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #mix: LineMix;
  #cutUntilMs = Number.NEGATIVE_INFINITY;
  #slowUntilMs = Number.NEGATIVE_INFINITY;
  /** Until when something that was sent is out of its bounds. */
  #badUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random, mix: LineMix) {
    this.#clock = clock;
    this.#random = random;
    this.#mix = mix;
  }

  cut(forMs: number): void {
    this.#cutUntilMs = Math.max(this.#cutUntilMs, this.#clock.monotonicMs() + forMs);
    this.#bad(this.#cutUntilMs);
  }

  /** Every message is late for a while. */
  slow(forMs: number): void {
    this.#slowUntilMs = Math.max(this.#slowUntilMs, this.#clock.monotonicMs() + forMs);
  }

  mend(): void {
    this.#cutUntilMs = Number.NEGATIVE_INFINITY;
    this.#slowUntilMs = Number.NEGATIVE_INFINITY;
  }

  isCut(): boolean {
    return this.#clock.monotonicMs() < this.#cutUntilMs;
  }

  /** By what befell it, or because any message may be late here. */
  isSlow(): boolean {
    return this.#clock.monotonicMs() < this.#slowUntilMs || this.#mix.slow > 0;
  }

  /** Everything came through in its time since then. */
  wellSinceMs(): number {
    return this.#badUntilMs;
  }

  /** `lost`: it never arrives. */
  carry(run: () => void, lost: () => void = () => {}): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#cutUntilMs) {
      if (this.#random.chance(this.#mix.lost)) return lost();
      this.#clock.after(this.#cutUntilMs - nowMs + this.#random.between(0, 2), () => this.carry(run, lost));
      return;
    }
    const { slow, longestMs } = this.#mix;
    const isSlow = nowMs < this.#slowUntilMs || (slow > 0 && this.#random.chance(slow));
    const delayMs = isSlow ? this.#random.between(1, longestMs) : this.#random.between(0.1, 0.8);
    if (delayMs > usualMs) this.#bad(nowMs + delayMs);
    this.#clock.after(delayMs, () => {
      if (this.#clock.monotonicMs() < this.#cutUntilMs) this.carry(run, lost);
      else run();
    });
  }

  /** Something on this line is out of its bounds until then. */
  spoil(untilMs: number): void {
    this.#bad(untilMs);
  }

  #bad(untilMs: number): void {
    this.#badUntilMs = Math.max(this.#badUntilMs, untilMs);
  }
}
