import { claimVerdict } from './claim.ts';
import { membershipChange } from './membership.ts';
import { remembersOf, reignsAlone } from './state.ts';
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
    turn.effects.push({ do: 'order', order: { do: 'enter', remembers: remembersOf(state) } });
    return;
  }

  const verdict = claimVerdict(state, nowMs);
  if (verdict.may === 'now') {
    const { rule, evidence } = verdict;
    const operator = rule === 'claim-forced' ? (state.forced?.operator ?? null) : null;
    const { reign } = view;
    const holderRow = view.nodes.find((node) => node.nodeId === reign.holder);
    const seenHolderCount = holderRow?.lastCount ?? null;
    turn.set({ pending: 'claim', claiming: { rule, evidence, operator, seenEpoch: reign.epoch, seenHolderCount } });
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
      order: { do: 'claim', seen: reign, seenHolderCount, timeline: view.timeline, rebase: null },
    });
    return;
  }
  if (state.role !== 'active' && verdict.may === 'wait' && state.role !== 'standby')
    turn.set({ reason: `waiting to claim: ${verdict.why}` });

  const change = membershipChange(state, nowMs);
  if (!change || state.handOver) return;
  turn.set({ pending: change.do });
  turn.effects.push({ do: 'order', order: change });
}
