/** Signals that come this close after each other are one: a terminal and npm pass the same Ctrl-C on. */
const sameWithinMs = 400;

/** Whoever asks for the end: a signal, a key, the launcher's own end. Asking a second time means at once. */
export class StopRequests {
  readonly first: Promise<string>;
  readonly second: Promise<void>;
  #askedAtMs: number | null = null;
  #tellFirst: (why: string) => void = () => {};
  #tellSecond: () => void = () => {};

  constructor() {
    this.first = new Promise((resolve) => {
      this.#tellFirst = resolve;
    });
    this.second = new Promise((resolve) => {
      this.#tellSecond = resolve;
    });
  }

  get asked(): boolean {
    return this.#askedAtMs !== null;
  }

  ask(why: string, atMs = performance.now()): void {
    if (this.#askedAtMs === null) {
      this.#askedAtMs = atMs;
      this.#tellFirst(why);
    } else if (atMs - this.#askedAtMs > sameWithinMs) {
      this.#tellSecond();
    }
  }

  /** From now on signals and the end of the launcher that started this process are requests. */
  listen(): void {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(name, () => this.ask(name));
    process.on('message', (message) => {
      if (message && typeof message === 'object' && 'signal' in message) this.ask(String(message.signal));
    });
    process.on('disconnect', () => this.ask('the launcher ended'));
    // Nobody reads any more (`npm start | head`).
    process.stdout.on('error', () => this.ask('nobody reads the output'));
    process.stderr.on('error', () => {});
  }
}
