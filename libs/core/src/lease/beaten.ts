import type { BeatAnswer } from './messages.ts';
import { holds, type LeaseState } from './state.ts';
import type { Turn } from './turn.ts';

/**
 * What the answer to a beat means for the grant. Only a beat under the own epoch that wrote its counter renews, dated by
 * its own sending; one that was overtaken neither renews nor ends anything.
 */
export function beaten(turn: Turn, beat: BeatAnswer, sentAtMs: number, wallMs: number): void {
  const { state } = turn;
  if (beat.incarnation !== state.self.incarnation || beat.epoch === null) return;
  if (beat.outcome === 'ended') {
    if (state.role === 'active' && state.grant?.epoch === beat.epoch) {
      turn.fence('fence-reign-over', `the store says that epoch ${beat.epoch} is over`);
    }
    // Never beaten under again; should the store still name this node as its holder, only a new claim helps.
    if (state.view?.reign.epoch === beat.epoch) turn.set({ releasedEpoch: beat.epoch });
    return;
  }
  if (beat.outcome !== 'renewed' || !holds(state) || state.view?.reign.epoch !== beat.epoch) return;
  if (sentAtMs < state.renewsFromMs) return;
  // A server that was restarted may have forgotten who claimed while this grant had lapsed, and that one's grant may live.
  if (state.role !== 'active' && turn.nowMs < state.serverSinceMs + state.timing.takeoverWaitMs) return;

  const renewedUntilMs = sentAtMs + state.timing.leaseTtlMs;
  const deadlineMs = Math.max(renewedUntilMs, state.grant?.deadlineMs ?? renewedUntilMs);
  if (turn.nowMs >= deadlineMs - state.timing.fenceLeadMs) return;
  turn.set({ grant: { epoch: beat.epoch, deadlineMs }, unconfirmed: false });
  // An active that re-based its lease, and lost the answer, changes its epoch here.
  if (state.role === 'active' && state.grant?.epoch === beat.epoch) return;
  beginTenure(turn, wallMs);
  // A claim whose outcome was unknown is settled by this beat; without one it is the old reign that goes on.
  const { claiming } = state;
  if (claiming) becomeByClaim(turn, claiming, 'a beat settled the claim');
  else turn.become('resume-reign', 'the store renewed the reign', { evidence: { epoch: beat.epoch } });
  turn.set({ claiming: null, handOver: null });
}

/** Active by a claim: planned when the lease was handed to this node or an operator took it. */
export function becomeByClaim(turn: Turn, claiming: NonNullable<LeaseState['claiming']>, reason: string): void {
  const { rule, evidence, operator } = claiming;
  turn.set({ claimedAtMs: turn.nowMs });
  turn.become(rule, reason, { evidence, operator, planned: rule === 'claim-handed-over' || rule === 'claim-forced' });
}

/** What this node received since its tenure began is its own to deliver; a reign that follows its own keeps the beginning. */
export function beginTenure(turn: Turn, wallMs: number): void {
  const tenureEpoch = turn.state.view?.reign.tenureEpoch ?? 0;
  if (turn.state.tenure?.epoch !== tenureEpoch) turn.set({ tenure: { epoch: tenureEpoch, startedAtWallMs: wallMs } });
}
