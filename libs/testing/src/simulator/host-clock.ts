import type { Clock } from '@hotstandby/ports';
import type { Random } from './random.ts';

/** Shorter suspensions are not told from a busy host (docs/lease.md, "Clocks"). */
export const shortestSleepMs = 60;

/**
 * CLOCK_MONOTONIC of one host over the true time: it began anywhere, and its rate is its own. The wall clock is stepped
 * by whoever likes; `wallInstead` is the known-bad host whose services take it for the other one.
 */
export class HostClock {
  readonly #true: Clock;
  readonly #rate: number;
  readonly #bootedMs: number;
  readonly #lateMs: number;
  readonly #random: Random;
  readonly #wallInstead: boolean;
  #wallStepMs = 0;
  /** For so long the monotonic clock stood still, in suspensions that are over. */
  #stoodStillMs = 0;
  #asleepSinceMs = Number.POSITIVE_INFINITY;
  #asleepUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    trueClock: Clock,
    random: Random,
    { rate, lateMs, wallInstead }: { rate: number; lateMs: number; wallInstead: boolean },
  ) {
    this.#true = trueClock;
    this.#random = random;
    this.#rate = rate;
    this.#lateMs = lateMs;
    this.#wallInstead = wallInstead;
    this.#bootedMs = random.between(0, 1e6);
  }

  trueMs(): number {
    return this.#true.monotonicMs();
  }

  /** What the host's clock shows at a true time. */
  at(trueMs: number): number {
    if (this.#wallInstead) return trueMs * this.#rate - this.#bootedMs + this.#wallStepMs;
    return (trueMs - this.stoodStillMs(trueMs)) * this.#rate - this.#bootedMs;
  }

  /** For how long it stood still until a true time. */
  stoodStillMs(trueMs: number): number {
    const now = Math.min(trueMs, this.#asleepUntilMs) - this.#asleepSinceMs;
    return this.#stoodStillMs + Math.max(0, now);
  }

  /** The host is suspended: its monotonic clock stands still. False: it is already. */
  sleep(forMs: number): boolean {
    const nowMs = this.trueMs();
    if (nowMs < this.#asleepUntilMs) return false;
    this.#stoodStillMs = this.stoodStillMs(nowMs);
    this.#asleepSinceMs = nowMs;
    this.#asleepUntilMs = nowMs + forMs;
    return true;
  }

  /** Before its time, but never after less than `shortestSleepMs`. For how long it goes on sleeping. */
  wake(): number {
    const nowMs = this.trueMs();
    if (nowMs >= this.#asleepUntilMs) return 0;
    const earliestMs = Math.max(nowMs, this.#asleepSinceMs + shortestSleepMs);
    this.#asleepUntilMs = Math.min(this.#asleepUntilMs, earliestMs);
    return this.#asleepUntilMs - nowMs;
  }

  asleepForMs(): number {
    return Math.max(0, this.#asleepUntilMs - this.trueMs());
  }

  /** CLOCK_BOOTTIME goes on while the monotonic clock stands still. */
  bootAt(trueMs: number): number {
    return trueMs * this.#rate;
  }

  wallAt(trueMs: number): number {
    return 1_700_000_000_000 + trueMs + this.#wallStepMs;
  }

  stepWall(byMs: number): void {
    this.#wallStepMs += byMs;
  }

  /**
   * The true time that a timer of this host takes: at its rate, and late by up to the margin. Never none at all, or a timer
   * that is set anew for what rounding left over would stop the time.
   */
  lasting(delayMs: number): number {
    return Math.max(0.001, delayMs) / this.#rate + (this.#lateMs > 0 ? this.#random.between(0, this.#lateMs) : 0);
  }

  after(trueDelayMs: number, run: () => void): () => void {
    return this.#true.after(trueDelayMs, run);
  }
}
