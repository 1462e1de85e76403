import type { Clock } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import type { OpenedMessage } from './message-records.ts';

/**
 * Messages that wait for a flow template. They are not settled, so they outlive the process; how many may wait, their
 * bytes and their time are bounded.
 */
export class HeldMessages {
  readonly #clock: Clock;
  readonly #limits: CollectorLimits['waiting'];
  readonly #held = new Map<string, { opened: OpenedMessage; sinceMs: number }>();
  #bytes = 0;

  constructor(clock: Clock, limits: CollectorLimits['waiting']) {
    this.#clock = clock;
    this.#limits = limits;
  }

  size(): number {
    return this.#held.size;
  }

  /** A message that comes again (it was not settled in time) takes the place of its earlier copy. */
  hold(opened: OpenedMessage): void {
    const earlier = this.#held.get(keyOf(opened));
    if (!earlier) this.#bytes += opened.message.frame.length;
    this.#held.set(keyOf(opened), { opened, sinceMs: earlier?.sinceMs ?? this.#clock.monotonicMs() });
  }

  release(opened: OpenedMessage): void {
    if (this.#held.delete(keyOf(opened))) this.#bytes -= opened.message.frame.length;
  }

  /** Oldest first. `over`: it has waited as long as it may, or must make room. */
  list(): { opened: OpenedMessage; over: boolean }[] {
    const { maxMs, maxBytes, maxMessages } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    let bytes = this.#bytes;
    let count = this.#held.size;
    return [...this.#held.values()].map(({ opened, sinceMs }) => {
      const over = nowMs - sinceMs >= maxMs || bytes > maxBytes || count > maxMessages;
      if (over) {
        bytes -= opened.message.frame.length;
        count--;
      }
      return { opened, over };
    });
  }

  /** Takes out everything. */
  clear(): OpenedMessage[] {
    const all = [...this.#held.values()].map(({ opened }) => opened);
    this.#held.clear();
    this.#bytes = 0;
    return all;
  }
}

const keyOf = ({ message }: OpenedMessage): string => message.id;
