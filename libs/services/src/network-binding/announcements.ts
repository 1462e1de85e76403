import type { Cancel, Clock } from '@hotstandby/ports';

/** Neighbours that missed the first announcement (a switch port that was just coming up) get more of them. */
const afterMs = [50, 100, 600, 2000, 10_000];
const everyMs = 60_000;
/** The first rounds are too early to look for strangers: the node before may be letting go at this moment. */
const lookFromRound = 3;

interface AnnouncementsParts {
  clock: Clock;
  bound: () => boolean;
  announce: () => Promise<void>;
  /** Whether somebody else has the address. */
  look: () => Promise<void>;
}

/** Announces an address again and again while it is bound: soon, and then seldom. */
export class Announcements {
  readonly #parts: AnnouncementsParts;
  #cancel: Cancel = () => {};

  constructor(parts: AnnouncementsParts) {
    this.#parts = parts;
  }

  /** Anew from the first of the times; the announcement with the address itself is the binder's. */
  begin(): void {
    this.#next(0);
  }

  /** At once, and then anew: who did not hear may hear now. */
  now(): void {
    if (!this.#parts.bound()) return;
    void this.#parts.announce();
    this.#next(0);
  }

  stop(): void {
    this.#cancel();
  }

  #next(round: number): void {
    const { clock, bound, announce, look } = this.#parts;
    this.#cancel();
    this.#cancel = clock.after(afterMs[round] ?? everyMs, () => {
      if (!bound()) return;
      void announce();
      if (round >= lookFromRound) void look();
      this.#next(round + 1);
    });
  }
}
