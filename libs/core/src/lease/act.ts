import { claimVerdict } from './claim.ts';
import { rebaseOf } from './rebase.ts';
import { membershipChange } from './membership.ts';
import { remembersOf, reignsAlone, standbyLostMs } from './state.ts';
import type { Turn } from './turn.ts';

/** At most one order a step: enter, else claim, else a change of membership. */
export function act(turn: Turn): void {
  const { state, nowMs } = turn;
  const { view, self } = state;
  if (!view || state.pending || state.barred || state.viewStale) return;

  const own = view.nodes.find((node) => node.nodeId === self.nodeId);
  if (own?.incarnation !== self.incarnation) {
    // Without failover not even a row: to enter looks like a sign of life, and the other one would register this node.
    if (!state.failover && !state.forced && !reignsAlone(state)) return;
    turn.set({ pending: 'enter' });
    turn.effects.push({
      do: 'order',
      order: { do: 'enter', remembers: remembersOf(state), replaces: own?.incarnation ?? null },
    });
    return;
  }

  const verdict = claimVerdict(state, nowMs);
  if (verdict.may === 'now') {
    const { rule, evidence } = verdict;
    const operator = rule === 'claim-forced' ? (state.forced?.operator ?? null) : null;
    const { doubt } = state;
    const { timeline, storeIncarnation } = view;
    const seen = doubt?.seen ?? view.reign;
    const rebase = doubt && rebaseOf(state, doubt);
    const holderRow = view.nodes.find((node) => node.nodeId === seen.holder);
    const seenHolderCount = holderRow?.lastCount ?? null;
    const seenEpoch = seen.epoch;
    const claiming = { rule, evidence, operator, seenEpoch, seenHolderCount, timeline };
    turn.set({ pending: 'claim', claiming });
    if (rule === 'claim-silent-holder' && holderRow) {
      turn.fact({ type: 'peer.lost', data: { peer: holderRow.name, silentMs: Number(evidence['silentMs']) } });
    }
    turn.fact({
      type: 'role.changing',
      data: {
        from: state.role,
        to: 'active',
        rule,
        reason: 'claiming the lease',
        planned: rule === 'claim-handed-over' || rule === 'claim-forced',
      },
    });
    turn.effects.push({
      do: 'order',
      order: { do: 'claim', seen, seenHolderCount, timeline, storeIncarnation, rebase },
    });
    return;
  }
  if (state.role !== 'active' && verdict.may === 'wait' && state.role !== 'standby')
    turn.set({ reason: `waiting to claim: ${verdict.why}` });

  if (state.doubt) {
    if (state.role !== 'active') turn.set({ reason: `${state.doubt.why}; ${verdict.why}` });
    sayStuck(turn, verdict.why);
    return;
  }

  const change = membershipChange(state, nowMs);
  if (!change || state.handOver) return;
  turn.set({ pending: change.do });
  turn.effects.push({ do: 'order', order: change });
}

/** A pair re-bases its lease by itself within some waits; when it does not, people must know who is waited for. */
function sayStuck(turn: Turn, why: string): void {
  const { doubt, timing } = turn.state;
  if (!doubt || doubt.saidStuck || turn.nowMs < doubt.sinceMs + Math.max(10_000, 5 * standbyLostMs(timing))) return;
  turn.set({ doubt: { ...doubt, saidStuck: true } });
  turn.fact({ type: 'store.unsettled', data: { doubt: doubt.why, waitingFor: why } });
}
