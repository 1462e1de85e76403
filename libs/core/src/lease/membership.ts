import type { LeaseOrder } from './messages.ts';
import { isRegistered, silentMs, standbyLostMs, type LeaseState } from './state.ts';
import type { NodeRow, Reign } from './store-view.ts';

/**
 * Membership, changed by the active under its epoch: a silent standby loses its place, a waiting node gets a free one.
 * On another node: the registered node's own new incarnation takes its place again.
 */
export function membershipChange(
  state: LeaseState,
  nowMs: number,
): Extract<LeaseOrder, { do: 'register' | 'readopt' }> | null {
  const { view, self } = state;
  if (!view || state.pending || state.barred || state.doubt || state.viewStale) return null;
  const { reign } = view;
  if (state.role !== 'active') {
    if (!state.failover) return null;
    const ownPlace = reign.standby === self.nodeId && !isRegistered(state) && reign.holder !== self.nodeId;
    const entered = view.nodes.some((node) => node.nodeId === self.nodeId && node.incarnation === self.incarnation);
    return ownPlace && entered ? { do: 'readopt', seen: reign } : null;
  }

  if (state.membershipUnknown) return confirmation(reign);
  const under = { do: 'register', epoch: reign.epoch, membership: reign.membership } as const;
  if (!state.failover) return reign.standby === null ? null : { ...under, ...emptied, forget: null };
  if (reign.standby === null) {
    const candidate = waiting(state, nowMs)[0];
    if (!candidate) return null;
    return { ...under, standby: candidate.nodeId, standbyIncarnation: candidate.incarnation, forget: null };
  }
  if (standbySilentMs(state, reign.standby) < standbyLostMs(state.timing)) return null;
  return { ...under, ...emptied, forget: reign.standby };
}

const emptied = { standby: null, standbyIncarnation: null };

/**
 * After a change of unknown outcome the same place is written once more under the number that was seen: when that is
 * confirmed, the unknown one can never be carried out any more.
 */
function confirmation(reign: Reign): Extract<LeaseOrder, { do: 'register' }> {
  const { epoch, membership, standby, standbyIncarnation } = reign;
  return { do: 'register', epoch, membership, standby, standbyIncarnation, forget: null };
}

/**
 * How long the standby had been silent when the store last answered, as far as this incarnation on this connection can
 * know. Whom the store does not answer learns nothing of its standby, whose promises it may be living by.
 */
export function standbySilentMs(state: LeaseState, standby: string): number {
  const asOfMs = state.store.lastAnswerMs ?? state.startedAtMs;
  const sinceConnectedMs = asOfMs - Math.max(state.connectedAtMs, state.startedAtMs);
  return Math.min(silentMs(state, standby, asOfMs) ?? Number.POSITIVE_INFINITY, sinceConnectedMs);
}

/** Nodes that beat and have no place; the pair's own before strangers, then by name, so that the choice is the same each time. */
function waiting(state: LeaseState, nowMs: number): NodeRow[] {
  const { self, timing } = state;
  return (state.view?.nodes ?? [])
    .filter((node) => {
      const sign = state.signs[node.nodeId];
      const beats = sign !== undefined && sign.changes > 0 && nowMs - sign.changedAtMs < timing.takeoverWaitMs;
      // A node that handed over and ended beat until then.
      return node.nodeId !== self.nodeId && beats && sign.changedAtMs > state.claimedAtMs;
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}

/** The registered standby beats under the incarnation that is registered. */
export function standbyReady(state: LeaseState, nowMs: number): boolean {
  const reign = state.view?.reign;
  if (!reign?.standby) return false;
  const sign = state.signs[reign.standby];
  if (!sign || sign.changes === 0 || sign.incarnation !== reign.standbyIncarnation) return false;
  return nowMs - sign.changedAtMs < standbyLostMs(state.timing);
}
