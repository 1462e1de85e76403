import type { Cancel, Clock } from '@hotstandby/ports';

/** Wakes one waiting loop, at once or after a time. A ring while nobody waits is kept for the next wait. */
export class Bell {
  readonly #clock: Clock;
  #rung = false;
  #wake: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(mostMs: number): Promise<void> {
    if (!this.#rung) {
      let cancel: Cancel = () => {};
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        cancel = this.#clock.after(mostMs, resolve);
      });
      cancel();
      this.#wake = null;
    }
    this.#rung = false;
  }
}
