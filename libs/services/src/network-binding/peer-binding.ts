import { handingOver, parse, serviceStatus, subjects, type HandingOver, type Place } from '@hotstandby/contracts';
import type { Bus, Clock, Logger, Unsubscribe } from '@hotstandby/ports';

/** A peer that said nothing for so long was away. */
const awayMs = 3500;

export interface PeerBindingParts {
  bus: Bus;
  clock: Clock;
  log: Logger;
  place: Place;
  peer: Place;
}

/** What the peer's network-binding says, and what it is told. Hints, all of them: no right comes from here. */
export class PeerBinding {
  readonly #parts: PeerBindingParts;
  readonly #on: { cue: () => void; back: () => void };
  #heardAtMs: number | null = null;
  #had = false;
  #stops: Unsubscribe[] = [];

  /** `cue`: the peer hands over now. `back`: it is heard again after a silence. */
  constructor(parts: PeerBindingParts, on: { cue: () => void; back: () => void }) {
    this.#parts = parts;
    this.#on = on;
  }

  start(): void {
    const { bus, peer } = this.#parts;
    this.#stops = [
      bus.subscribe(subjects.handingOver(peer), (payload) => this.#take(() => this.#handingOver(payload))),
      bus.subscribe(subjects.status(peer, 'network-binding'), (payload) => this.#take(() => this.#status(payload))),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  /** Whether the peer was heard to have the addresses since this process runs: then they are this pair's. */
  had(): boolean {
    return this.#had;
  }

  tellHandingOver(epoch: number): void {
    const { bus, place } = this.#parts;
    bus.publish(subjects.handingOver(place), { epoch } satisfies HandingOver);
  }

  #handingOver(payload: unknown): void {
    parse(handingOver, payload, "the peer's hand-over");
    this.#on.cue();
  }

  #status(payload: unknown): void {
    const { detail } = parse(serviceStatus, payload, "the peer's status");
    if (Array.isArray(detail['bound']) && detail['bound'].length > 0) this.#had = true;
    const nowMs = this.#parts.clock.monotonicMs();
    const wasAway = this.#heardAtMs !== null && nowMs - this.#heardAtMs > awayMs;
    this.#heardAtMs = nowMs;
    if (wasAway) this.#on.back();
  }

  #take(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#parts.log.debug('a message of the peer was not understood', { error: String(error) });
    }
  }
}
