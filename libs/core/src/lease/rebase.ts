import { failoverOff, type ClaimVerdict } from './claim-verdict.ts';
import { below } from './doubt.ts';
import type { Rebase } from './messages.ts';
import { remembersOf, settledAtMs, type Doubt, type LeaseState } from './state.ts';
import type { Reign } from './store-view.ts';

/**
 * One epoch is left out even when everybody was heard: an incarnation may have claimed it, acted, and died before its node
 * remembered it. Never more than one, because a node has the reign that it claims from on its disk before it claims.
 */
const heardGap = 2;

/**
 * At least so many epochs are left out when the other voter of the remembered reign could not be heard: more than it can have
 * claimed unseen. The primary then takes a number that is even in thousands, the secondary an odd one: neither can take one
 * that the other took, forgotten like the rest, from the same memory.
 */
export const unheardGap = 1000;

function unheardEpoch(remembered: number, kind: 'primary' | 'secondary'): number {
  const least = remembered + unheardGap;
  const rest = ((kind === 'primary' ? 0 : unheardGap) - least) % (2 * unheardGap);
  return least + (rest < 0 ? rest + 2 * unheardGap : rest);
}

/**
 * May this node claim above what the store forgot? Only when nobody is known to remember more, only from its own place in
 * the reign that it remembers, and when every grant that the forgotten past may have given is dead.
 */
export function rebaseVerdict(state: LeaseState, doubt: Doubt, nowMs: number): ClaimVerdict {
  const { view, self, remembered, highestEpoch, timing } = state;
  const reign = remembered;
  if (!view || !reign) return { may: 'no', why: 'this node remembers no reign' };
  const place = placeIn(state, doubt, reign);
  const own = remembersOf(state);
  // A reign has one holder: whoever saw a later membership of the same reign knows no later one, and claims nothing from it.
  const better = view.nodes.find(
    ({ nodeId, remembers }) =>
      nodeId !== self.nodeId && (place === 'holder' ? remembers.epoch > own.epoch : below(own, remembers)),
  );
  if (better || reign.epoch < highestEpoch) {
    const who = better ? better.name : 'another node';
    return { may: 'no', why: `${who} remembers epoch ${highestEpoch} better than this node and goes first` };
  }
  if (!place) return { may: 'no', why: 'this node is neither holder nor standby of the reign that it remembers' };
  // Who re-bases the reign of another one takes over, which a pause puts off and a node without failover never does.
  const takesOver = place !== 'holder';
  if (takesOver && !state.failover) return { may: 'no', why: failoverOff };

  const holderSign = place === 'standby' && reign.holder ? state.signs[reign.holder] : undefined;
  const sinceMs = Math.max(
    settledAtMs(state),
    doubt.sinceMs,
    doubt.ignorantAtMs,
    holderSign?.changedAtMs ?? Number.NEGATIVE_INFINITY,
  );
  const pauseMs = takesOver ? (state.pause?.untilMs ?? state.pauseEndedAtMs) : sinceMs;
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

type PlaceInReign = 'holder' | 'standby' | 'witness';

/**
 * Rule 1 of a claim on the remembered reign; without its last part: that nobody is registered may be what was forgotten. A
 * witness remembers a reign that its holder never came to know of (the answer to the claim was lost, and the store forgot
 * it): the holder lives and says that it knows no more of that epoch than its number, so it never acted under it.
 */
function placeIn({ view, self }: LeaseState, { heard }: Doubt, reign: Reign): PlaceInReign | null {
  const holder = reign.holder ?? reign.lastHolder;
  if (holder === self.nodeId) return 'holder';
  if (reign.standby === self.nodeId) return 'standby';
  const row = view?.nodes.find(({ nodeId }) => nodeId === holder);
  const unaware = row?.remembers.epoch === reign.epoch && row.remembers.membership === 0;
  return row && unaware && heard.includes(row.nodeId) ? 'witness' : null;
}

/** Whoever else could have claimed above the remembered reign has said since what it remembers. */
function otherHeard({ self }: LeaseState, { heard }: Doubt, { holder, lastHolder, standby }: Reign): boolean {
  const others = [holder ?? lastHolder, standby].filter((nodeId) => nodeId !== null && nodeId !== self.nodeId);
  return others.length > 0 && others.every((nodeId) => nodeId !== null && heard.includes(nodeId));
}

export function rebaseOf(state: LeaseState, doubt: Doubt): Rebase {
  const { self, highestEpoch } = state;
  const reign = state.remembered ?? doubt.seen;
  const highest = Math.max(highestEpoch, doubt.seen.epoch);
  const epoch = otherHeard(state, doubt, reign) ? highest + heardGap : unheardEpoch(highest, self.kind);
  return {
    epoch,
    membership: Math.max(reign.membership, doubt.seen.membership) + 1,
    tenureEpoch: (reign.holder ?? reign.lastHolder) === self.nodeId ? reign.tenureEpoch : epoch,
  };
}
