import type { PromiseRequest } from './messages.ts';
import { voter, type LeaseState } from './state.ts';
import type { Reign } from './store-view.ts';
import type { Turn } from './turn.ts';

/**
 * Asked by the active: promise not to claim for takeoverWait from now? Not while a claim of this node is in flight or its
 * outcome unknown, not to an epoch below the highest one seen, and only as the very incarnation that is asked.
 */
export function promiseAsked(turn: Turn, asked: PromiseRequest): void {
  const { state } = turn;
  const refused = reasonToRefuse(state, asked);
  if (refused === null) {
    turn.set({ promisedAtMs: turn.nowMs });
    if (asked.epoch > state.highestEpoch) {
      turn.set({ toldAtMs: turn.nowMs });
      turn.remember(reignOf(asked, state.remembered), asked.epoch);
    }
  }
  turn.effects.push({ do: 'promise', refused });
}

/** The reign that the asker holds, as far as it says; the store's next answer tells the rest. */
function reignOf(asked: PromiseRequest, before: Reign | null): Reign {
  const { epoch, holder, holderIncarnation, standby, standbyIncarnation } = asked;
  const tenureEpoch = before && (before.holder ?? before.lastHolder) === holder ? before.tenureEpoch : epoch;
  const { membership, timeline } = before ?? { membership: 0, timeline: null };
  const place = { standby, standbyIncarnation, membership, handoverTo: null };
  return { epoch, holder, holderIncarnation, lastHolder: holder, ...place, tenureEpoch, timeline };
}

function reasonToRefuse(state: LeaseState, asked: PromiseRequest): string | null {
  const { self, pending, claiming, highestEpoch, remembered } = state;
  if (asked.standby !== self.nodeId || asked.standbyIncarnation !== self.incarnation)
    return 'another incarnation was asked';
  if (pending === 'claim' || claiming) return 'a claim of this node is in flight, or its outcome is unknown';
  if (asked.epoch < highestEpoch) return `epoch ${asked.epoch} is over: this node has seen ${highestEpoch}`;
  // A store that forgot gave the number again. Whoever is shown to hold it re-bases, and waits for no promise of its own to end.
  if (remembered?.epoch === asked.epoch && (remembered.holder ?? remembered.lastHolder) !== asked.holder)
    return `this node knows epoch ${asked.epoch} as another one's`;
  if (state.role === 'active') return 'this node is active itself';
  return null;
}

/**
 * A promise renews only a grant that is still valid now, dated by the sending of the request; a lapsed one comes back by a
 * beat or a claim alone. False: it counts for nothing.
 */
export function promised(turn: Turn, asked: PromiseRequest, sentAtMs: number): boolean {
  const { state, nowMs } = turn;
  const { grant, self, timing, role, renewsFromMs, unconfirmed } = state;
  const who = voter(state);
  const counts =
    role === 'active' &&
    grant !== null &&
    nowMs < grant.deadlineMs &&
    sentAtMs >= renewsFromMs &&
    !unconfirmed &&
    asked.epoch === grant.epoch &&
    asked.holder === self.nodeId &&
    asked.holderIncarnation === self.incarnation &&
    who?.nodeId === asked.standby &&
    who.incarnation === asked.standbyIncarnation;
  if (!counts) return false;
  const deadlineMs = Math.max(grant.deadlineMs, sentAtMs + timing.leaseTtlMs);
  if (deadlineMs === grant.deadlineMs) return false;
  turn.set({ grant: { ...grant, deadlineMs } });
  return true;
}
