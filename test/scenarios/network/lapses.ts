import type { SeenGrant } from '../grant-watch.ts';

/** Nobody could take what was sent to the pair, in ms of the monotonic clock. */
export interface Lapse {
  fromMs: number;
  toMs: number;
}

/** What the owner takes to have the address back after a lapse, on a busy machine. */
const reopeningMs = 500;

/**
 * When no node held a grant that was heard of: its holder lets the address go `fenceLeadMs` before the end, and what a
 * client sends meanwhile arrives nowhere. On a machine that is too busy for the profile this comes without any fault.
 */
export function lapsesOf(seen: readonly SeenGrant[], leaseTtlMs: number, fenceLeadMs: number): Lapse[] {
  const held: { fromMs: number; toMs: number }[] = [];
  const open = new Map<string, { fromMs: number; toMs: number }>();
  for (const { node, epoch, deadlineMs, arrivedMs } of seen) {
    const last = open.get(node);
    if (epoch === null) {
      if (last) last.toMs = Math.min(last.toMs, deadlineMs, arrivedMs);
      open.delete(node);
      continue;
    }
    const fromMs = Math.min(arrivedMs, deadlineMs - leaseTtlMs);
    const toMs = deadlineMs - fenceLeadMs;
    if (last && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else {
      const next = { fromMs, toMs };
      held.push(next);
      open.set(node, next);
    }
  }
  const lapses: Lapse[] = [];
  let coveredMs = Infinity;
  for (const { fromMs, toMs } of held.toSorted((one, other) => one.fromMs - other.fromMs)) {
    if (fromMs > coveredMs) lapses.push({ fromMs: coveredMs, toMs: fromMs + reopeningMs });
    coveredMs = coveredMs === Infinity ? toMs : Math.max(coveredMs, toMs);
  }
  return lapses;
}
