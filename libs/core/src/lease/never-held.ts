import type { ClaimVerdict } from './claim-verdict.ts';
import { settledAtMs, type LeaseState } from './state.ts';

/** So much longer than the primary the secondary waits for it on a store that is new to both. */
export const firstClaimGraceMs = 2500;

/** Nodes whose rows were there before this node came: one of them may have held what the store then forgot. */
function earlier({ view, self, signs, connectedAtMs }: LeaseState) {
  const others = (view?.nodes ?? []).filter(({ nodeId }) => nodeId !== self.nodeId);
  return others.filter(({ nodeId }) => (signs[nodeId]?.firstSeenAtMs ?? connectedAtMs) <= connectedAtMs);
}

/**
 * Nobody ever held the lease, as far as the store says. The primary claims at once where nobody was before it, else when every
 * grant of a forgotten first reign is dead; who remembers such a reign has said so with a beat by then. The secondary leaves
 * the primary its time.
 */
export function neverHeldVerdict(state: LeaseState, nowMs: number): ClaimVerdict {
  const { self, timing } = state;
  const primary = self.kind === 'primary';
  const waitMs = primary
    ? earlier(state).length > 0
      ? timing.takeoverWaitMs
      : 0
    : timing.takeoverWaitMs + firstClaimGraceMs;
  const sinceMs = Math.max(settledAtMs(state), state.freeSince?.atMs ?? nowMs);
  const untilMs = sinceMs + waitMs;
  if (waitMs > 0 && nowMs < untilMs) {
    return { may: 'wait', untilMs, why: primary ? 'another node was on this store before' : 'the primary goes first' };
  }
  return { may: 'now', rule: 'claim-never-held', evidence: { kind: self.kind, waitedMs: Math.round(nowMs - sinceMs) } };
}
