/** How far a sender's clock was behind ours when we heard it: the least of it in this span of time and the one before. */
export interface ClockGap {
  leastMs: number;
  leastBeforeMs: number;
  sinceMs: number;
}

/** Clocks drift, and one that stood still with its machine is behind for good: what was measured is forgotten after two of these. */
const spanMs = 15_000;
/** Nothing is under way for so long: this is another clock, that of a machine started anew. */
const otherClockMs = 60_000;

/**
 * When a word was said, by our clock (ms). Two clocks have nothing in common but their pace: the quickest of the last words
 * says how they stand to each other, and a word that took longer is that much older. What was held up (by a cut that lost
 * nothing, by a process that stood still) comes all at once, and must not count as fresh.
 */
export function saidWhen(
  before: ClockGap | undefined,
  theirMs: number,
  nowMs: number,
): { gap: ClockGap; saidAtMs: number } {
  const gapMs = nowMs - theirMs;
  const known = before && gapMs - leastOf(before) < otherClockMs ? before : undefined;
  const gap = counted(known, gapMs, nowMs);
  return { gap, saidAtMs: theirMs + leastOf(gap) };
}

const leastOf = (gap: ClockGap) => Math.min(gap.leastMs, gap.leastBeforeMs);

function counted(gap: ClockGap | undefined, gapMs: number, nowMs: number): ClockGap {
  if (!gap) return { leastMs: gapMs, leastBeforeMs: gapMs, sinceMs: nowMs };
  if (nowMs - gap.sinceMs > spanMs) return { leastMs: gapMs, leastBeforeMs: gap.leastMs, sinceMs: nowMs };
  return { ...gap, leastMs: Math.min(gap.leastMs, gapMs) };
}
