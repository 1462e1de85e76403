import type { Datagram } from '@hotstandby/ports';

/**
 * How long after the start of a tenure frames may still hold datagrams from before it: a frame's age when it is
 * appended, with room for a slow server.
 */
const overlapMs = 5000;

/**
 * Where a tenure begins. What was received before is the previous active's to deliver (a dual feed gave it the same), so
 * datagrams stamped earlier are left out. Only in the first frames: once one lies wholly behind the overlap, an earlier
 * stamp can only mean that the wall clock was set back, and leaving out would lose what nobody else has.
 */
export class TenureStart {
  readonly #startMs: number;
  #behind: boolean;

  /** `startMs`: wall clock of this host; null: the first tenure of all, everything is its own. */
  constructor(startMs: number | null) {
    this.#startMs = startMs ?? -Infinity;
    this.#behind = startMs === null;
  }

  /** The datagrams of a frame that belong to the tenure. */
  own(datagrams: Datagram[]): Datagram[] {
    if (this.#behind) return datagrams;
    const startMs = this.#startMs;
    if (datagrams.length > 0 && datagrams.every((datagram) => datagram.receivedAtMs >= startMs + overlapMs))
      this.#behind = true;
    return datagrams.filter((datagram) => datagram.receivedAtMs >= startMs);
  }
}
