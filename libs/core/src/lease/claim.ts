import { failoverOff, type ClaimVerdict } from './claim-verdict.ts';
import { neverHeldVerdict } from './never-held.ts';
import { rebaseVerdict } from './rebase.ts';
import {
  holds,
  isRegistered,
  paused,
  reignsAlone,
  settledAtMs,
  type ClaimRule,
  type Forced,
  type LeaseState,
} from './state.ts';
import type { Reign } from './store-view.ts';

/**
 * May this node claim the lease? `docs/lease.md`, "Claim". The store compares everything that was seen once more, so a
 * verdict on an old view loses the claim and nothing else.
 */
export function claimVerdict(state: LeaseState, nowMs: number): ClaimVerdict {
  const { view, self } = state;
  if (!view) return { may: 'no', why: 'the store has not answered yet' };
  if (state.viewStale)
    return { may: 'no', why: 'the last order was later than what was seen; the next answer of the store decides' };
  if (state.barred) return { may: 'no', why: state.barred };
  if (state.pending) return { may: 'no', why: `an order (${state.pending}) is in flight` };
  const own = view.nodes.find((node) => node.nodeId === self.nodeId);
  if (own?.incarnation !== self.incarnation) return { may: 'no', why: "the node's own row is not there yet" };
  const { reign } = view;
  const asked = state.forced?.epoch === reign.epoch ? state.forced : null;
  if (state.doubt) {
    const verdict = rebaseVerdict(state, state.doubt, nowMs);
    return asked && verdict.may === 'no' ? forced(state, asked, reign, nowMs) : verdict;
  }
  if (holds(state)) return { may: 'no', why: 'this node holds the lease; a beat renews it' };

  const verdict = ofItself(state, reign, nowMs);
  if (!asked || verdict.may === 'now' || reign.holder === self.nodeId) return verdict;
  return forced(state, asked, reign, nowMs);
}

function ofItself(state: LeaseState, reign: Reign, nowMs: number): ClaimVerdict {
  if (!state.failover && !reignsAlone(state)) return { may: 'no', why: failoverOff };
  if (reign.holder === null) return freeLease(state, reign, nowMs);
  if (reign.holder === state.self.nodeId) return ownLease(state, reign, nowMs);
  return heldByOther(state, reign, nowMs);
}

/**
 * For an operator, who assumes what no rule can know: that the holder is dead or fenced although this node is no voter,
 * or that a pause shall not keep the lease where nobody serves. All waits are kept, and a sign of life ends it.
 */
function forced(state: LeaseState, { reason }: Forced, reign: Reign, nowMs: number): ClaimVerdict {
  const sign = reign.holder === null ? null : (state.signs[reign.holder] ?? null);
  const silentSinceMs = sign?.changedAtMs ?? state.freeSince?.atMs ?? nowMs;
  const evidence = {
    why: reason || null,
    assumed: 'the former active is dead or fenced',
    silentMs: Math.round(nowMs - silentSinceMs),
    lastHolder: reign.holder ?? reign.lastHolder,
    lastCount: sign?.count ?? null,
    takeoverWaitMs: state.timing.takeoverWaitMs,
  };
  const { doubt } = state;
  const doubtedAtMs = doubt ? Math.max(doubt.sinceMs, doubt.ignorantAtMs) : Number.NEGATIVE_INFINITY;
  const { placeChangedAtMs } = state;
  const untilMs =
    Math.max(silentSinceMs, placeChangedAtMs, settledAtMs(state), doubtedAtMs) + state.timing.takeoverWaitMs;
  return at(untilMs, nowMs, 'claim-forced', 'an operator takes the lease; the wait is kept', evidence);
}

function freeLease(state: LeaseState, reign: Reign, nowMs: number): ClaimVerdict {
  const { self, timing } = state;
  const waitUntilMs = Math.max(settledAtMs(state), state.freeSince?.atMs ?? nowMs) + timing.takeoverWaitMs;
  if (reign.epoch === 0 && reign.lastHolder === null) {
    return neverHeldVerdict(state, nowMs);
  }
  if (reign.epoch === state.releasedEpoch) {
    // Released by this very incarnation: the one it was handed to has its time first.
    const untilMs = state.handOver?.phase === 'released' ? state.handOver.deadlineMs : waitUntilMs;
    return at(untilMs, nowMs, 'claim-take-back', 'the lease was handed over', { handedTo: reign.handoverTo });
  }
  if (reign.handoverTo === self.nodeId && isRegistered(state)) {
    return { may: 'now', rule: 'claim-handed-over', evidence: { from: reign.lastHolder, epoch: reign.epoch } };
  }
  const voter = reign.standby === self.nodeId || reign.lastHolder === self.nodeId || reign.standby === null;
  if (!voter) return { may: 'no', why: 'the lease is free, but another node is the registered standby' };
  const evidence = { freeForMs: nowMs - (state.freeSince?.atMs ?? nowMs), lastHolder: reign.lastHolder };
  if (reign.lastHolder !== self.nodeId)
    return takeOver(state, waitUntilMs, nowMs, 'claim-released', 'the lease is free', evidence);
  return at(waitUntilMs, nowMs, 'claim-released', 'the lease is free', evidence);
}

function ownLease(state: LeaseState, reign: Reign, nowMs: number): ClaimVerdict {
  if (reign.holderIncarnation === state.self.incarnation) {
    // Released by this incarnation with an outcome that nobody knows: its epoch is never renewed, so it is claimed again.
    const untilMs = state.handOver?.deadlineMs ?? settledAtMs(state) + state.timing.takeoverWaitMs;
    return at(untilMs, nowMs, 'claim-take-back', 'a release is under way', { epoch: reign.epoch });
  }
  return at(
    settledAtMs(state) + state.timing.takeoverWaitMs,
    nowMs,
    'claim-own-return',
    "this node's earlier incarnation held the lease",
    { earlierIncarnation: reign.holderIncarnation },
  );
}

function heldByOther(state: LeaseState, reign: Reign, nowMs: number): ClaimVerdict {
  const holder = reign.holder ?? '';
  const registered = isRegistered(state);
  if (!registered && reign.standby !== null) {
    return { may: 'no', why: 'this node is not the registered standby, so it cannot tell death from a cut' };
  }
  const sign = state.signs[holder];
  if (!sign) return { may: 'no', why: "the holder's row is not there" };
  const silentSinceMs = Math.max(sign.changedAtMs, state.placeChangedAtMs, settledAtMs(state));
  return takeOver(
    state,
    silentSinceMs + state.timing.takeoverWaitMs,
    nowMs,
    registered ? 'claim-silent-holder' : 'claim-lone-holder-silent',
    'the holder gives signs of life',
    {
      silentMs: Math.round(nowMs - sign.changedAtMs),
      lastCount: sign.count,
      takeoverWaitMs: state.timing.takeoverWaitMs,
    },
  );
}

/** A claim from another node, without anybody's word: not during a pause, and after it the wait is kept from its end on. */
function takeOver(
  state: LeaseState,
  untilMs: number,
  nowMs: number,
  rule: ClaimRule,
  why: string,
  evidence: Record<string, unknown>,
): ClaimVerdict {
  const pausedUntilMs = state.pause?.untilMs ?? state.pauseEndedAtMs;
  const afterPauseMs = pausedUntilMs + state.timing.takeoverWaitMs;
  if (afterPauseMs <= untilMs) return at(untilMs, nowMs, rule, why, evidence);
  const is = paused(state, nowMs) ? `is paused until ${state.pause?.endsAt}` : 'was paused until now';
  return at(afterPauseMs, nowMs, rule, `the pair ${is}`, evidence);
}

function at(
  untilMs: number,
  nowMs: number,
  rule: ClaimRule,
  why: string,
  evidence: Record<string, unknown>,
): ClaimVerdict {
  return nowMs >= untilMs ? { may: 'now', rule, evidence } : { may: 'wait', untilMs, why };
}
