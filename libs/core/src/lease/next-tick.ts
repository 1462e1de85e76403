import { claimVerdict } from './claim.ts';
import type { LeaseState } from './state.ts';

/** When `step` wants a tick if nothing else happens before: to fence, to claim, to end a hand-over. Null: not at all. */
export function nextTickMs(state: LeaseState, nowMs: number): number | null {
  const due: number[] = [];
  if (state.role === 'active' && state.grant) due.push(state.grant.deadlineMs - state.timing.fenceLeadMs);
  if (state.pause) due.push(state.pause.untilMs);
  if (state.forced) due.push(state.forced.untilMs);
  if (state.handOver) due.push(state.handOver.deadlineMs);
  const verdict = claimVerdict(state, nowMs);
  if (verdict.may === 'wait') due.push(verdict.untilMs);
  // What is due already waits for an answer, which is an input of its own.
  const ahead = due.filter((atMs) => atMs > nowMs);
  return ahead.length > 0 ? Math.min(...ahead) : null;
}
