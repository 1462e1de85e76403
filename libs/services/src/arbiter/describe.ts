import type { ArbiterDescription, ListenerRegistration, NodeSummary } from '@hotstandby/contracts';
import { silentMs, standbyReady, type LeaseState, type NodeRow } from '@hotstandby/core/lease';

/** The arbiter's answer to `describe`: what it knows, as people ask for it. */
export function describe(
  state: LeaseState,
  nowMs: number,
  more: Pick<ArbiterDescription, 'pause' | 'policy'> & { profile: string; listeners: ListenerRegistration[] },
): ArbiterDescription {
  const { self, role, reason, view, grant, timing, store } = state;
  const reign = view?.reign;
  const summaries = (view?.nodes ?? []).map((node) => summary(state, node, nowMs));
  const byId = (nodeId: string | null | undefined) => summaries.find((node) => node.nodeId === nodeId) ?? null;
  const message = store.message ?? state.doubt?.why ?? null;
  const fresh = message === null && store.lastAnswerMs !== null;
  return {
    node: self.name,
    nodeId: self.nodeId,
    incarnation: self.incarnation,
    role,
    reason,
    epoch: reign?.epoch ?? 0,
    active: byId(reign?.holder),
    standby: byId(reign?.standby),
    nodes: summaries,
    redundancy: fresh ? (standbyReady(state, nowMs) ? 'ready' : 'lost') : 'unknown',
    grantRemainingMs: role === 'active' && grant ? Math.max(0, Math.round(grant.deadlineMs - nowMs)) : null,
    store: {
      reachable: store.message === null && store.lastAnswerMs !== null,
      lastAnswerMs: store.lastAnswerMs === null ? null : Math.round(nowMs - store.lastAnswerMs),
      message,
    },
    timing: {
      profile: more.profile,
      beatMs: timing.beatMs,
      leaseTtlMs: timing.leaseTtlMs,
      takeoverWaitMs: timing.takeoverWaitMs,
    },
    pause: more.pause,
    policy: more.policy,
    listeners: more.listeners.map(({ name, order, deadlineMs }) => ({ name, order, deadlineMs })),
  };
}

function summary(state: LeaseState, node: NodeRow, nowMs: number): NodeSummary {
  const { nodeId, name, hostAddress: address, consolePort, serverRole, lastCount } = node;
  const silent = silentMs(state, nodeId, nowMs);
  return {
    name,
    nodeId,
    address,
    consolePort,
    serverRole,
    lastCount,
    silentMs: silent === null ? null : Math.round(silent),
    registered: state.view?.reign.standby === nodeId,
  };
}
