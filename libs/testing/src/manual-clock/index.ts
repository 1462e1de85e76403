import type { Cancel, Clock } from '@hotstandby/ports';

interface Timer {
  dueMs: number;
  order: number;
  run: () => void;
  periodMs: number | null;
}

/** A clock that stands still until a test moves it; timers run in order of their due time, promises settle in between. */
export class ManualClock implements Clock {
  #nowMs: number;
  #order = 0;
  #timers = new Set<Timer>();

  constructor(startMs = 1_000_000) {
    this.#nowMs = startMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + delayMs, order: this.#order++, run, periodMs: null });
  }

  every(periodMs: number, run: () => void): Cancel {
    return this.#add({ dueMs: this.#nowMs + periodMs, order: this.#order++, run, periodMs });
  }

  /** Moves on by `ms`, running what falls due; waits for promises after each timer, and then calls `afterEach`. */
  async advance(ms: number, afterEach: () => void = () => {}): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.periodMs === null) this.#timers.delete(next);
      else next.dueMs += next.periodMs;
      next.run();
      await settle();
      afterEach();
    }
    this.#nowMs = untilMs;
  }

  /** The earliest that is due by then; of equal ones the one set first. */
  #next(untilMs: number): Timer | null {
    let earliest: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      const before = earliest && (earliest.dueMs - timer.dueMs || earliest.order - timer.order) <= 0;
      if (!before) earliest = timer;
    }
    return earliest;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

/** Lets everything that is already resolved go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
