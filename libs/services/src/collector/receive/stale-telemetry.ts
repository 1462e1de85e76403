import { decodeFrame } from '@hotstandby/core/frame';
import type { Received } from '@hotstandby/ports';
import { StaleWatch, type StaleWatchParts } from '../../stale-watch/index.ts';

/** A flood to the wrong node costs no more than this; its counts are then lower bounds. */
const mostFramesPerSecond = 50;

/**
 * With the feed `vip` devices send to one address, or name, that leads to the active. What comes to a node that is not
 * active, a while after its reign, was sent to an address of its own: by a resolver's old answer, or by configuration.
 */
export class StaleTelemetry {
  readonly #watch: StaleWatch;
  readonly #clock: StaleWatchParts['clock'];
  #second = 0;
  #framesInSecond = 0;

  constructor(parts: StaleWatchParts) {
    this.#watch = new StaleWatch(parts);
    this.#clock = parts.clock;
  }

  look(received: Received): void {
    if (!this.#watch.looks()) return;
    if (!Array.isArray(received) && !this.#mayDecode()) return;
    const datagrams = Array.isArray(received) ? received : decodeFrame(received.bytes).datagrams;
    const senders = new Map<string, { source: string; via: string; count: number }>();
    for (const { kind, sourceAddress } of datagrams) {
      const key = `${kind} ${sourceAddress}`;
      const sender = senders.get(key) ?? { source: sourceAddress, via: kind, count: 0 };
      sender.count++;
      senders.set(key, sender);
    }
    this.#watch.see(senders.values());
  }

  report(): ReturnType<StaleWatch['report']> {
    return this.#watch.report();
  }

  #mayDecode(): boolean {
    const second = Math.floor(this.#clock.monotonicMs() / 1000);
    if (second !== this.#second) this.#framesInSecond = 0;
    this.#second = second;
    return this.#framesInSecond++ < mostFramesPerSecond;
  }
}
