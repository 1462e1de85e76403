import { parse, prepareRequest, subjects, type Place, type PrepareReply } from '@hotstandby/contracts';
import type { Bus, Cancel, Clock, Logger, Unsubscribe } from '@hotstandby/ports';

const name = 'network-binding';
const ttlMs = 30_000;
/** After whoever drains: while they finish, the address still answers. */
const order = 900;
const deadlineMs = 1000;

/** Registers with the arbiter and is asked before every planned transition. */
export class HandOverListener {
  readonly #parts: { bus: Bus; clock: Clock; place: Place; log: Logger };
  readonly #prepare: (request: ReturnType<typeof parse<typeof prepareRequest>>) => Promise<PrepareReply>;
  #stops: (Cancel | Unsubscribe)[] = [];
  #registered = false;
  #nextMs = 0;

  constructor(
    parts: { bus: Bus; clock: Clock; place: Place; log: Logger },
    prepare: (request: ReturnType<typeof parse<typeof prepareRequest>>) => Promise<PrepareReply>,
  ) {
    this.#parts = parts;
    this.#prepare = prepare;
  }

  registered(): boolean {
    return this.#registered;
  }

  start(): void {
    const { bus, clock, place } = this.#parts;
    this.#stops.push(
      bus.respond(subjects.prepare(place, name), (payload) =>
        this.#prepare(parse(prepareRequest, payload, 'a request')),
      ),
      // The arbiter may start later or be restarted: until it has answered, once a second.
      clock.every(1000, () => {
        if (clock.monotonicMs() >= this.#nextMs) void this.#register();
      }),
      bus.onStatus((connected) => {
        if (connected) void this.#register();
      }),
    );
    void this.#register();
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    const { bus, place } = this.#parts;
    if (this.#registered) await bus.request(subjects.deregisterListener(place), { name }, 300).catch(() => {});
    this.#registered = false;
  }

  async #register(): Promise<void> {
    const { bus, clock, place, log } = this.#parts;
    this.#nextMs = clock.monotonicMs() + 1000;
    try {
      await bus.request(subjects.registerListener(place), { name, order, deadlineMs, ttlMs }, 1000);
      this.#nextMs = clock.monotonicMs() + ttlMs / 3;
      if (!this.#registered) log.debug('registered with the arbiter as a listener');
      this.#registered = true;
    } catch {
      this.#registered = false;
    }
  }
}
