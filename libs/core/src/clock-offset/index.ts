/** One look at another machine's wall clock: ours on either side of it (monotonic), theirs in between. All in ms. */
export interface ClockSample {
  sentAtMs: number;
  receivedAtMs: number;
  theirWallMs: number;
}

/** What is known of the other clock. */
export interface ClockOffset {
  /** Their wall clock less our monotonic one. */
  offsetMs: number;
  /** How far off that may be: half of the round trip it comes from. */
  uncertaintyMs: number;
}

/** Clocks drift by 50 µs a second at most, in practice: a sample this old is off by 6 ms for that. */
const keptMs = 120_000;
const mostSamples = 64;
/** Further apart than both may be wrong: the other clock was set, and what was measured before is void. */
const stepMs = 200;

/**
 * How another machine's wall clock stands to our monotonic one, as NTP does it: the answer was written somewhere between
 * asking and hearing, so the quickest of the recent answers says the most. Against the monotonic clock, because our own
 * wall clock may be set between two looks. Pure: times come with the samples.
 */
export class ClockOffsetEstimate {
  #samples: (ClockOffset & { atMs: number })[] = [];

  add({ sentAtMs, receivedAtMs, theirWallMs }: ClockSample): void {
    if (!(receivedAtMs >= sentAtMs) || !Number.isFinite(theirWallMs)) return;
    const uncertaintyMs = (receivedAtMs - sentAtMs) / 2;
    const sample = { offsetMs: theirWallMs - (sentAtMs + uncertaintyMs), uncertaintyMs, atMs: receivedAtMs };
    const best = this.best();
    if (best && Math.abs(sample.offsetMs - best.offsetMs) > sample.uncertaintyMs + best.uncertaintyMs + stepMs)
      this.#samples = [];
    this.#samples = this.#samples.filter(({ atMs }) => receivedAtMs - atMs <= keptMs).slice(1 - mostSamples);
    this.#samples.push(sample);
  }

  /** Null: nothing was measured yet. */
  best(): ClockOffset | null {
    const [first, ...others] = this.#samples;
    if (!first) return null;
    const { offsetMs, uncertaintyMs } = others.reduce(
      (least, one) => (one.uncertaintyMs <= least.uncertaintyMs ? one : least),
      first,
    );
    return { offsetMs, uncertaintyMs };
  }

  /** How far our wall clock is ahead of theirs right now; negative: behind. */
  aheadMs(now: { wallMs: number; monotonicMs: number }): number | null {
    const best = this.best();
    return best && now.wallMs - (now.monotonicMs + best.offsetMs);
  }
}
