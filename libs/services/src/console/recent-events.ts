import type { PairStatus } from '@hotstandby/contracts';
import type { EventLog } from '@hotstandby/ports';

const kept = 50;

/** The newest events of both nodes. */
export class RecentEvents {
  #events: PairStatus['events'] = [];

  /** Reads until `signal`. */
  async follow(events: EventLog, signal: AbortSignal): Promise<void> {
    await events.read(
      { last: kept },
      (event) => {
        this.#events.push(event);
        if (this.#events.length > kept) this.#events.shift();
      },
      signal,
    );
  }

  /** Oldest first. */
  list(count: number): PairStatus['events'] {
    return this.#events.slice(-count);
  }
}
