/** Runs a job one at a time: asked for while it runs, it runs once more afterwards. The job must not throw. */
export class Turns {
  readonly #job: () => Promise<void>;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(job: () => Promise<void>) {
    this.#job = job;
  }

  ask(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#run();
    return this.#running;
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    this.#again = false;
    await this.#running;
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      await this.#job();
    } while (this.#again);
    this.#running = null;
  }
}
