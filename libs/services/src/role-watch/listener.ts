import {
  listenerRegistered,
  parse,
  prepareRequest,
  subjects,
  type ListenerRegistration,
  type Place,
  type PrepareReply,
  type PrepareRequest,
} from '@hotstandby/contracts';
import type { Bus, Cancel, Clock, Unsubscribe } from '@hotstandby/ports';

/** Refused, or not answered: the arbiter may be away, or hand over just now. */
const againMs = 250;
const answerWithinMs = 1000;

export interface ListenerParts {
  bus: Bus;
  clock: Clock;
  place: Place;
}

/**
 * A service's place among those whom the arbiter asks before a planned transition. It knows which incarnation of the
 * arbiter has confirmed it, and until when that counts: from the sending of the request on, so that it ends here before
 * it ends there. A gate opens only under the grants of that one (`RoleWatch`).
 */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #wanted: ListenerRegistration;
  readonly #prepare: (request: PrepareRequest) => Promise<PrepareReply>;
  #confirmed: { incarnation: string; untilMs: number } | null = null;
  /** The arbiter that was heard last. */
  #heard: string | null = null;
  /** Counts requests: what an earlier one says is nobody's word any more. */
  #asked = 0;
  #stops: Unsubscribe[] = [];
  #cancelNext: Cancel = () => {};
  /** The arbiter knows this service now. */
  onConfirmed: () => void = () => {};

  constructor(
    parts: ListenerParts,
    wanted: ListenerRegistration,
    prepare: (request: PrepareRequest) => Promise<PrepareReply>,
  ) {
    this.#parts = parts;
    this.#wanted = wanted;
    this.#prepare = prepare;
  }

  start(): void {
    const { bus, place } = this.#parts;
    this.#stops = [
      bus.respond(subjects.prepare(place, this.#wanted.name), (payload) =>
        this.#prepare(parse(prepareRequest, payload, 'a prepare request')),
      ),
      bus.onStatus((connected) => {
        if (connected) void this.#register();
      }),
    ];
    void this.#register();
  }

  /** The gate is shut by now: nobody is asked any more. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#cancelNext();
    this.#asked += 1;
    const registered = this.registered();
    this.#confirmed = null;
    const { bus, place } = this.#parts;
    if (registered)
      await bus.request(subjects.deregisterListener(place), { name: this.#wanted.name }, 300).catch(() => {});
  }

  registered(): boolean {
    return this.#confirmed !== null && this.#parts.clock.monotonicMs() < this.#confirmed.untilMs;
  }

  /** Whether this incarnation of the arbiter asks this service before it lets go. */
  isKnownTo(incarnation: string): boolean {
    return this.registered() && this.#confirmed?.incarnation === incarnation;
  }

  /** A word of the arbiter. A new one knows nobody yet. */
  heard(incarnation: string): void {
    if (incarnation === this.#heard) return;
    this.#heard = incarnation;
    if (this.#stops.length > 0 && !this.isKnownTo(incarnation)) void this.#register();
  }

  async #register(): Promise<void> {
    const { bus, clock, place } = this.#parts;
    const asked = ++this.#asked;
    this.#cancelNext();
    const sentAtMs = clock.monotonicMs();
    const answer = await bus
      .request(subjects.registerListener(place), this.#wanted, answerWithinMs)
      .then((payload) => parse(listenerRegistered, payload, 'an answer to a registration'))
      .catch(() => null);
    if (asked !== this.#asked) return;
    const { ttlMs } = this.#wanted;
    if (answer?.registered) this.#confirmed = { incarnation: answer.incarnation, untilMs: sentAtMs + ttlMs };
    this.#cancelNext = clock.after(answer?.registered ? ttlMs / 3 : againMs, () => void this.#register());
    if (answer?.registered) this.onConfirmed();
  }
}
