import type { Cancel, Clock } from '@hotstandby/ports';
import { nextTick } from 'node:process';
import { TimerHeap, type Timer } from './timer-heap.ts';

/** A tick that is asked for among the promises' own jobs comes when none of those is left, and before anything else. */
const resolved = Promise.resolve();

/** A clock that stands still until a test moves it; timers run in order of their due time, promises settle in between. */
export class ManualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new TimerHeap();

  constructor(startMs = 1_000_000) {
    this.#nowMs = startMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  bootMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.#add(delayMs, run, null);
  }

  every(periodMs: number, run: () => void): Cancel {
    return this.#add(periodMs, run, periodMs);
  }

  /** Moves on by `ms`, running what falls due; waits for promises after each timer, and then calls `afterEach`. */
  advance(ms: number, afterEach: () => void = () => {}): Promise<void> {
    const untilMs = this.#nowMs + ms;
    return new Promise((resolve, reject) => {
      let ran = false;
      const again = () => nextTick(tick);
      const tick = () => {
        try {
          if (ran) afterEach();
          ran = this.#runNext(untilMs);
          if (ran) void resolved.then(again);
          else resolve();
        } catch (error) {
          reject(error);
        }
      };
      void resolved.then(again);
    });
  }

  /** False: nothing was due by then, and then it is. */
  #runNext(untilMs: number): boolean {
    const next = this.#timers.take(untilMs);
    if (!next) {
      this.#nowMs = untilMs;
      return false;
    }
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    if (next.periodMs === null) next.over = true;
    else {
      next.dueMs += next.periodMs;
      this.#timers.add(next);
    }
    next.run();
    return true;
  }

  #add(delayMs: number, run: () => void, periodMs: number | null): Cancel {
    const timer: Timer = { dueMs: this.#nowMs + delayMs, order: this.#order++, run, periodMs, over: false };
    this.#timers.add(timer);
    return () => this.#timers.cancel(timer);
  }
}

/** Lets everything that is already resolved go on, to its end. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void resolved.then(() => nextTick(resolve)));
}
