import type { Range, RangeResult } from './run-range.ts';

export type RunRange = (range: Range) => Promise<RangeResult>;

/**
 * The results of ranges in the order of their seeds, however many are run at once: what is found, and what is counted up to
 * there, is the same with any number of jobs. Begins no further range once nobody asks for results any more.
 */
export async function* inOrder(
  range: Range,
  { run, jobs, seedsAtOnce }: { run: RunRange; jobs: number; seedsAtOnce: number },
): AsyncGenerator<RangeResult, void> {
  const ahead = jobs === 1 ? 1 : 4 * jobs;
  const begun: Promise<RangeResult>[] = [];
  const end = range.from + range.seeds;
  for (let from = range.from; from < end || begun.length > 0;) {
    while (from < end && begun.length < ahead) {
      const seeds = Math.min(seedsAtOnce, end - from);
      const result = run({ ...range, from, seeds });
      // Looked at in its turn; until then it may fail unseen.
      result.catch(() => {});
      begun.push(result);
      from += seeds;
    }
    const first = begun.shift();
    if (first) yield await first;
  }
}
