import { failoverOff } from './claim-verdict.ts';
import { holds, isRegistered } from './state.ts';
import type { Turn } from './turn.ts';

/** Which role the newest view leaves to a node. Becoming active is not among it: only a claim or a beat does that. */
export function settleRole(turn: Turn): void {
  const { state } = turn;
  const { view, role, self, barred } = state;
  const evidence = {
    holder: view?.reign.holder,
    standby: view?.reign.standby,
    membership: view?.reign.membership,
  };
  if (barred) {
    if (role === 'standby') turn.become('standby-barred', barred, { evidence });
    turn.set({ reason: barred });
    return;
  }
  if (!view) return;
  const { reign } = view;

  if (role === 'active') {
    if (!holds(state)) turn.fence('fence-reign-over', `the store names epoch ${reign.epoch} of another holder`);
    return;
  }
  // A claim of unknown outcome was carried out after all: the next beat under its epoch decides.
  if (holds(state)) return;
  const heldByOther = reign.holder !== null && reign.holder !== self.nodeId;
  if (isRegistered(state)) {
    if (role !== 'standby') turn.become('registered', 'the active registered this node', { evidence });
    return;
  }
  if (role === 'standby') {
    turn.become('place-lost', 'this node is not the registered standby any more', { evidence });
    return;
  }
  if (!state.failover) {
    turn.set({ reason: failoverOff });
    return;
  }
  if (role === 'refused') {
    if (reign.standby === null || reign.standby === self.nodeId)
      turn.become('place-free', "the standby's place is free", { evidence });
    return;
  }
  if (!heldByOther) return;
  if (reign.standby !== null && reign.standby !== self.nodeId) {
    const nameOf = (nodeId: string | null) => view.nodes.find((node) => node.nodeId === nodeId)?.name ?? String(nodeId);
    const reason = `${nameOf(reign.holder)} is active and ${nameOf(reign.standby)} is its standby; a cluster has one standby`;
    turn.become('refused', reason, { evidence });
    turn.fact({ type: 'standby.refused', data: { registered: reign.standby, reason } });
  } else if (role === 'fenced') {
    turn.become('reign-passed', 'another node holds the lease; waiting to be registered as its standby', { evidence });
  } else {
    turn.set({ reason: 'waiting to be registered by the active' });
  }
}
