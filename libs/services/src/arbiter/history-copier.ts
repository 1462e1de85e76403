import type { Cancel, Clock, History, Logger, NodeMemory } from '@hotstandby/ports';

const batch = 100;
const firstRetryMs = 500;
const longestRetryMs = 30_000;

/** Copies the node's journal of transitions to the store, whenever the store is there; nothing waits for it. */
export class HistoryCopier {
  readonly #parts: { clock: Clock; history: History; memory: NodeMemory; log: Logger };
  #retryMs = firstRetryMs;
  #cancel: Cancel = () => {};
  #running = false;
  #stopped = false;

  constructor(parts: { clock: Clock; history: History; memory: NodeMemory; log: Logger }) {
    this.#parts = parts;
  }

  /** There may be something new. */
  wake(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#cancel();
    void this.#copy().finally(() => {
      this.#running = false;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
  }

  async #copy(): Promise<void> {
    const { memory, history, clock, log } = this.#parts;
    try {
      for (let unsent = memory.unsent(batch); unsent.length > 0 && !this.#stopped; unsent = memory.unsent(batch)) {
        await history.append(unsent);
        memory.markSent(unsent.map((transition) => transition.id));
      }
      this.#retryMs = firstRetryMs;
    } catch (error) {
      if (this.#stopped) return;
      if (this.#retryMs === firstRetryMs) log.info('the history waits for the store', { error: String(error) });
      this.#cancel = clock.after(this.#retryMs, () => this.wake());
      this.#retryMs = Math.min(2 * this.#retryMs, longestRetryMs);
    }
  }
}
