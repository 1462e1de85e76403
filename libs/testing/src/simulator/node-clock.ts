import type { Cancel, Clock } from '@hotstandby/ports';

/**
 * One host's clock over the true one: it drifts, and while its node is frozen nothing that it would run is run; all of it
 * runs, late, when the node wakes. A dead node's timers never run.
 */
export class NodeClock implements Clock {
  readonly #true: Clock;
  readonly #rate: number;
  #waiting: (() => void)[] | null = null;
  #dead = false;

  constructor(trueClock: Clock, rate: number) {
    this.#true = trueClock;
    this.#rate = rate;
  }

  monotonicMs(): number {
    return this.#true.monotonicMs() * this.#rate;
  }

  /** Never suspended: a machine that is stands still with every clock but this one. */
  bootMs(): number {
    return this.monotonicMs();
  }

  wallMs(): number {
    return this.#true.wallMs();
  }

  after(delayMs: number, run: () => void): Cancel {
    let cancelled = false;
    const cancelTrue = this.#true.after(delayMs / this.#rate, () => this.#run(() => cancelled || run()));
    return () => {
      cancelled = true;
      cancelTrue();
    };
  }

  every(periodMs: number, run: () => void): Cancel {
    let cancelled = false;
    // Like the kernel's interval timers: what was missed while frozen is not made up for.
    let queued = false;
    const cancelTrue = this.#true.every(periodMs / this.#rate, () => {
      if (queued) return;
      queued = true;
      this.#run(() => {
        queued = false;
        if (!cancelled) run();
      });
    });
    return () => {
      cancelled = true;
      cancelTrue();
    };
  }

  /** Something from outside (an answer, a message) that this node sees now, or when it wakes. */
  arrive(run: () => void): void {
    this.#run(run);
  }

  freeze(): void {
    this.#waiting ??= [];
  }

  thaw(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const run of waiting) this.#run(run);
  }

  isFrozen(): boolean {
    return this.#waiting !== null;
  }

  die(): void {
    this.#dead = true;
    this.#waiting = null;
  }

  #run(run: () => void): void {
    if (this.#dead) return;
    if (this.#waiting) this.#waiting.push(run);
    else run();
  }
}
