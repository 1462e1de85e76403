import { BusError, type Bus, type Unsubscribe } from '@hotstandby/ports';

/** One process's connection to its node's bus, which ends with the process: nothing of it is heard or answered any more. */
export class ProcessBus implements Bus {
  readonly #bus: Bus;
  #stops: Unsubscribe[] = [];
  #dead = false;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  die(): void {
    this.#dead = true;
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  publish(subject: string, payload: unknown): void {
    if (!this.#dead) this.#bus.publish(subject, payload);
  }

  subscribe(subject: string, handler: (payload: unknown, subject: string) => void): Unsubscribe {
    return this.#kept(this.#bus.subscribe(subject, handler));
  }

  respond(subject: string, handler: (payload: unknown) => unknown | Promise<unknown>): Unsubscribe {
    return this.#kept(this.#bus.respond(subject, handler));
  }

  request(subject: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#dead) return Promise.reject(new BusError('disconnected', 'the process is gone'));
    return new Promise((resolve, reject) => {
      this.#bus.request(subject, payload, timeoutMs).then(
        (answer) => this.#dead || resolve(answer),
        (error: unknown) => this.#dead || reject(error as Error),
      );
    });
  }

  connected(): boolean {
    return !this.#dead && this.#bus.connected();
  }

  onStatus(listener: (connected: boolean) => void): Unsubscribe {
    return this.#kept(this.#bus.onStatus(listener));
  }

  #kept(stop: Unsubscribe): Unsubscribe {
    this.#stops.push(stop);
    return stop;
  }
}
