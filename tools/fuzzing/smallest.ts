import { Coverage } from './coverage.ts';
import type { Target } from './targets.ts';

/** Larger inputs than this are not kept in the repository, nor more of them together than a file should have. */
const mostBytes = 1024;
const mostBytesTogether = 9000;

/** A few inputs that together reach every block which the small ones of them reach: the shortest first. */
export function smallest(target: Target, corpus: readonly Uint8Array[]): Uint8Array[] {
  const coverage = new Coverage();
  coverage.start();
  const reached = new Set<number>();
  const kept: Uint8Array[] = [];
  let together = 0;
  const candidates = corpus.filter(({ length }) => length <= mostBytes).toSorted((a, b) => a.length - b.length);
  for (const input of candidates) {
    coverage.take();
    try {
      target.check(input);
    } catch {
      continue;
    }
    const fresh = [...coverage.take().keys()].filter((block) => !reached.has(block));
    if (fresh.length === 0 || together + input.length > mostBytesTogether) continue;
    together += input.length;
    for (const block of fresh) reached.add(block);
    kept.push(input);
  }
  coverage.stop();
  return kept;
}
