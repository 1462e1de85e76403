import type { Clock } from '@hotstandby/ports';

/** How long to wait before the next attempt: doubled each time, reset by a success. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(bounds: { firstMs: number; maxMs: number }) {
    this.#firstMs = bounds.firstMs;
    this.#maxMs = bounds.maxMs;
    this.#nextMs = bounds.firstMs;
  }

  next(): number {
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, waitMs * 2);
    return waitMs;
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}

/** Resolves after `ms`, or at once when `signal` ends the wait. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
