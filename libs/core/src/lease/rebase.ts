import { failoverOff, type ClaimVerdict } from './claim-verdict.ts';
import { below } from './doubt.ts';
import type { Rebase } from './messages.ts';
import { remembersOf, settledAtMs, type Doubt, type LeaseState } from './state.ts';
import type { Reign } from './store-view.ts';

/**
 * So many epochs are left out when the other voter of the remembered reign could not be heard: more than it can have
 * claimed unseen, so that no forgotten reign shares its number with a new one.
 */
export const unheardGap = 1000;

/**
 * May this node claim above what the store forgot? Only when nobody is known to remember more, only from its own place in
 * the reign that it remembers, and when every grant that the forgotten past may have given is dead.
 */
export function rebaseVerdict(state: LeaseState, doubt: Doubt, nowMs: number): ClaimVerdict {
  const { view, self, remembered, highestEpoch, timing } = state;
  const reign = remembered;
  if (!view || !reign) return { may: 'no', why: 'this node remembers no reign' };
  const better = view.nodes.find(
    ({ nodeId, remembers }) => nodeId !== self.nodeId && below(remembersOf(state), remembers),
  );
  if (better || reign.epoch < highestEpoch) {
    const who = better ? better.name : 'another node';
    return { may: 'no', why: `${who} remembers epoch ${highestEpoch} better than this node and goes first` };
  }
  const place = placeIn(reign, self.nodeId);
  // A standby that re-bases takes over, which a pause puts off and a node without failover never does.
  if (place === 'standby' && !state.failover) return { may: 'no', why: failoverOff };
  if (!place) return { may: 'no', why: 'this node is neither holder nor standby of the reign that it remembers' };

  const holderSign = place === 'standby' && reign.holder ? state.signs[reign.holder] : undefined;
  const sinceMs = Math.max(
    settledAtMs(state),
    doubt.sinceMs,
    doubt.ignorantAtMs,
    holderSign?.changedAtMs ?? Number.NEGATIVE_INFINITY,
  );
  const pauseMs = place === 'standby' ? (state.pause?.untilMs ?? state.pauseEndedAtMs) : sinceMs;
  const untilMs = Math.max(sinceMs, pauseMs) + timing.takeoverWaitMs;
  if (nowMs < untilMs) return { may: 'wait', untilMs, why: 'what the store forgot may have given a grant' };
  return {
    may: 'now',
    rule: 'claim-rebase',
    evidence: {
      doubt: doubt.kind,
      place,
      seenEpoch: doubt.seen.epoch,
      rememberedEpoch: reign.epoch,
      otherHeard: otherHeard(state, doubt, reign),
      timeline: doubt.timeline,
      claimedOn: doubt.seen.timeline,
      waitedMs: Math.round(nowMs - sinceMs),
    },
  };
}

/** Rule 1 of a claim on the remembered reign; without its last part: that nobody is registered may be what was forgotten. */
function placeIn({ holder, lastHolder, standby }: Reign, nodeId: string): 'holder' | 'standby' | null {
  if ((holder ?? lastHolder) === nodeId) return 'holder';
  return standby === nodeId ? 'standby' : null;
}

/** Whoever else could have claimed above the remembered reign has said since what it remembers. */
function otherHeard({ self }: LeaseState, { heard }: Doubt, { holder, lastHolder, standby }: Reign): boolean {
  const others = [holder ?? lastHolder, standby].filter((nodeId) => nodeId !== null && nodeId !== self.nodeId);
  return others.length > 0 && others.every((nodeId) => nodeId !== null && heard.includes(nodeId));
}

export function rebaseOf(state: LeaseState, doubt: Doubt): Rebase {
  const { self, highestEpoch } = state;
  const reign = state.remembered ?? doubt.seen;
  const epoch = Math.max(highestEpoch, doubt.seen.epoch) + (otherHeard(state, doubt, reign) ? 1 : unheardGap);
  return {
    epoch,
    membership: Math.max(reign.membership, doubt.seen.membership) + 1,
    tenureEpoch: (reign.holder ?? reign.lastHolder) === self.nodeId ? reign.tenureEpoch : epoch,
  };
}
