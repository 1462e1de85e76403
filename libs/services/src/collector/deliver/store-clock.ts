import { ClockOffsetEstimate } from '@hotstandby/core/clock-offset';
import type { Clock, RecordStore } from '@hotstandby/ports';

/**
 * How this node's wall clock stands to the store's. Both nodes measure against the same store, so what they received can
 * be compared whatever their own clocks say.
 */
export class StoreClock {
  readonly #store: Pick<RecordStore, 'clockMs'>;
  readonly #clock: Clock;
  readonly #estimate = new ClockOffsetEstimate();

  constructor(parts: { store: Pick<RecordStore, 'clockMs'>; clock: Clock }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
  }

  /** Throws `StoreError`. */
  async measure(): Promise<void> {
    const sentAtMs = this.#clock.monotonicMs();
    const theirWallMs = await this.#store.clockMs();
    this.#estimate.add({ sentAtMs, receivedAtMs: this.#clock.monotonicMs(), theirWallMs });
  }

  /** How far this node's wall clock is ahead of the store's; null: not measured yet. */
  aheadMs(): number | null {
    return this.#estimate.aheadMs({ wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() });
  }
}
