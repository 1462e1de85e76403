/** Statements of the lease, by what they are. */
export const statements = ['beat', 'look', 'enter', 'claim', 'register', 'readopt', 'release', 'pause'] as const;
export type Statement = (typeof statements)[number];

/**
 * Where in a conversation something is: faults are aimed at these. `sent`: on its way to the store; `done`: carried out
 * there, its answer on its way; `known`: its answer received.
 */
export type Moment =
  | `${Statement}-${'sent' | 'done' | 'known'}`
  | 'promise-asked'
  | 'promise-given'
  | 'promise-known'
  | 'became-active'
  | 'fenced'
  | 'preparing'
  | 'told-peer'
  | 'write-begun'
  | 'effect'
  | 'woken'
  | 'started';

/** Tells those who wait for a moment that it is there, and at which host. */
export class Moments {
  readonly #waiting = new Map<Moment, ((host: string) => void)[]>();

  on(moment: Moment, run: (host: string) => void): void {
    const waiting = this.#waiting.get(moment);
    if (waiting) waiting.push(run);
    else this.#waiting.set(moment, [run]);
  }

  /** The next time alone. */
  once(moment: Moment, run: (host: string) => void): void {
    let over = false;
    this.on(moment, (host) => {
      if (over) return;
      over = true;
      run(host);
    });
  }

  /** Nobody waits for anything any more. */
  forget(): void {
    this.#waiting.clear();
  }

  is(moment: Moment, host: string): void {
    const waiting = this.#waiting.get(moment);
    if (waiting) for (const run of waiting) run(host);
  }
}
