const leastMs = 1000;

/** 1, 2, 4 ... seconds, `mostMs` at most; `attempt` counts from 0. */
export const backoffMs = (attempt: number, mostMs: number): number =>
  Math.min(leastMs * 2 ** Math.min(attempt, 20), mostMs);
