import type { Clock } from '@hotstandby/ports';

export interface SettledParts {
  clock: Clock;
  /** Up to where what reached INGEST is settled, whichever replica did it; null: not known. */
  settledBeforeMs: () => Promise<number | null>;
  /** Wall clock of the oldest frame that is not in INGEST yet; null: none. */
  oldestWaitingMs: () => number | null;
}

/**
 * How long after a time frames may still hold datagrams of before it: a frame's age when it is appended, with room for a
 * slow server.
 */
const overlapMs = 5000;

/** Everything that this node received before then is stored, or known to be. */
export async function settledBeyond(
  wallMs: number,
  { clock, settledBeforeMs, oldestWaitingMs }: SettledParts,
): Promise<boolean> {
  const endMs = wallMs + overlapMs;
  if (clock.wallMs() <= endMs || (oldestWaitingMs() ?? Infinity) <= endMs) return false;
  return ((await settledBeforeMs()) ?? -Infinity) > endMs;
}
