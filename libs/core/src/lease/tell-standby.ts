import type { Turn } from './turn.ts';

/** On the active: says when the standby's place was filled or emptied, whether an answer or a later look showed it. */
export function tellStandby(turn: Turn): void {
  const { role, view, saidStandby, signs } = turn.state;
  if (role !== 'active' || !view) return;
  const { standby } = view.reign;
  if (standby === saidStandby) return;
  turn.set({ saidStandby: standby });
  const nameOf = (nodeId: string) => view.nodes.find((node) => node.nodeId === nodeId)?.name ?? nodeId;
  if (standby) {
    turn.fact({ type: 'standby.registered', data: { standby, name: nameOf(standby) } });
  } else if (saidStandby) {
    const changedAtMs = signs[saidStandby]?.changedAtMs ?? turn.nowMs;
    const silentMs = Math.round(turn.nowMs - changedAtMs);
    turn.fact({ type: 'standby.lost', data: { standby: saidStandby, name: nameOf(saidStandby), silentMs } });
  }
}
