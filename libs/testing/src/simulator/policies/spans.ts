export interface Span {
  is: boolean;
  fromMs: number;
  /** Of the last one: until it was looked at last. */
  untilMs: number;
}

/** Since when something is as it is, and how it was before. */
export class Spans {
  readonly all: Span[] = [];

  is(is: boolean, nowMs: number): void {
    const last = this.all.at(-1);
    if (last) last.untilMs = nowMs;
    if (last?.is !== is) this.all.push({ is, fromMs: nowMs, untilMs: nowMs });
  }

  /** It was so all the time, as far as was looked. */
  was(is: boolean, fromMs: number, untilMs: number): boolean {
    return this.all.every((span) => span.is === is || span.untilMs <= fromMs || span.fromMs >= untilMs);
  }

  /** When it was so for the first time from then on; infinity: not yet. */
  nextMs(is: boolean, fromMs: number): number {
    const next = this.all.find((span) => span.is === is && span.untilMs >= fromMs);
    return next ? Math.max(fromMs, next.fromMs) : Number.POSITIVE_INFINITY;
  }

  /** The longest time that it was so on end, of what reaches into that time. */
  longestMs(is: boolean, fromMs: number): number {
    const lengths = this.all.filter((span) => span.is === is && span.untilMs >= fromMs);
    return Math.max(0, ...lengths.map((span) => span.untilMs - span.fromMs));
  }
}
