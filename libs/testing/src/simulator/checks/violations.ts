/** The claims of `docs/proof.md` that a schedule can break. */
export type Invariant = 1 | 2 | 3 | 4 | 5 | 6 | 9;

/** The first broken invariant of a schedule; what follows from it says nothing more. */
export class Violations {
  first: string | null = null;
  readonly #nowMs: () => number;
  readonly #say: (what: string) => void;

  constructor(nowMs: () => number, say: (what: string) => void) {
    this.#nowMs = nowMs;
    this.#say = say;
  }

  violate(invariant: Invariant, what: string): void {
    this.first ??= `invariant ${invariant} at ${this.#nowMs().toFixed(0)} ms: ${what}`;
    this.#say(`VIOLATION of invariant ${invariant}: ${what}`);
  }
}
