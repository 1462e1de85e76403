import { failoverOff } from './claim-verdict.ts';
import { standbyReady } from './membership.ts';
import type { HandOverEnd, LeaseInput } from './messages.ts';
import { paused } from './state.ts';
import type { Turn } from './turn.ts';

type Asked = Extract<LeaseInput, { kind: 'hand-over' }>;

/** A planned hand-over begins: the listeners are asked first, while the node goes on being active. */
export function beginHandOver(turn: Turn, asked: Asked): void {
  const { state } = turn;
  const no = (ended: HandOverEnd) => turn.effects.push({ do: 'handed-over', ended });
  if (state.role !== 'active' || !state.grant) {
    no({ done: false, code: 'HS_NOT_ACTIVE', message: `this node is ${state.role}` });
    return;
  }
  if (state.doubt) {
    no({ done: false, code: 'HS_BUSY', message: `the lease is being re-based: ${state.doubt.why}` });
    return;
  }
  if (state.handOver) {
    no({ done: false, code: 'HS_BUSY', message: 'a hand-over is under way' });
    return;
  }
  if (!state.failover && !asked.final) {
    no({ done: false, code: 'HS_FAILOVER_OFF', message: failoverOff });
    return;
  }
  // A node that is stopped while the pair is paused comes back to its lease: nobody takes it meanwhile.
  const keep = asked.final && (!state.failover || paused(state, turn.nowMs));
  const target = !keep && standbyReady(state, turn.nowMs) ? (state.view?.reign.standby ?? null) : null;
  if (target === null && !asked.final) {
    no({ done: false, code: 'HS_NO_STANDBY', message: 'no registered standby is beating' });
    return;
  }
  turn.set({
    handOver: {
      rule: asked.rule,
      evidence: asked.evidence,
      phase: 'preparing',
      target,
      operator: asked.operator,
      reason: asked.reason,
      // The asker keeps to prepareMs by itself; this ends the wait when its answer never comes.
      deadlineMs: turn.nowMs + asked.prepareMs + state.timing.leaseTtlMs,
      releaseNotBeforeMs: null,
      final: asked.final,
    },
  });
  turn.fact({
    type: 'role.changing',
    data: { from: 'active', to: 'fenced', rule: asked.rule, reason: asked.reason, planned: true },
  });
  const { epoch } = state.grant;
  turn.effects.push({
    do: 'prepare',
    from: 'active',
    to: 'fenced',
    rule: asked.rule,
    epoch,
    withinMs: asked.prepareMs,
  });
}

/** The next move of a hand-over, when its time has come. */
export function continueHandOver(turn: Turn): void {
  const { state, nowMs } = turn;
  const { handOver, view, grant } = state;
  if (!handOver) return;

  if (handOver.phase === 'preparing') {
    if (state.role !== 'active' || !grant) {
      turn.set({ handOver: null });
      const message = `the reign ended while the hand-over was being prepared (${state.reason})`;
      turn.effects.push({ do: 'handed-over', ended: { done: false, code: 'HS_NOT_ACTIVE', message } });
      return;
    }
    const prepared = handOver.releaseNotBeforeMs !== null || nowMs >= handOver.deadlineMs;
    if (!prepared || state.pending) return;
    // Nobody answered in time: as with a late one, their gates may still be open until the grant ends.
    const notBeforeMs = handOver.releaseNotBeforeMs ?? grant.deadlineMs;
    const { rule, reason, operator, target } = handOver;
    const evidence = { ...handOver.evidence, handedTo: target, epoch: grant.epoch };
    turn.become(rule, reason, { planned: true, operator, evidence });
    turn.set({ grant: null, releasedEpoch: grant.epoch });
    turn.set({
      handOver: { ...handOver, phase: 'releasing', releaseNotBeforeMs: notBeforeMs, deadlineMs: notBeforeMs },
    });
  }

  const now = turn.state.handOver;
  if (now?.phase === 'releasing' && !turn.state.pending && nowMs >= (now.releaseNotBeforeMs ?? nowMs)) {
    turn.set({ pending: 'release' });
    const epoch = turn.state.releasedEpoch ?? 0;
    turn.effects.push({ do: 'order', order: { do: 'release', epoch, handoverTo: now.target } });
  }

  const reign = view?.reign;
  const passed =
    reign && reign.epoch > (turn.state.releasedEpoch ?? Number.POSITIVE_INFINITY) && reign.holder !== state.self.nodeId;
  if (now?.phase === 'released' && passed) {
    const to = view.nodes.find((node) => node.nodeId === reign.holder)?.name ?? String(reign.holder);
    turn.set({ handOver: null });
    if (!now.final) turn.effects.push({ do: 'handed-over', ended: { done: true, to } });
  }
}
