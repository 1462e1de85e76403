import type { LeaseInput, NodeRow, Reign } from '@hotstandby/core/lease';

/** What the decision alone is given in a test: what the store shows at each look, with no pair around it. */

export const timing = { beatMs: 40, leaseTtlMs: 150, takeoverWaitMs: 158, fenceLeadMs: 15 };

export const row = (name: string, lastCount: number, remembers = { epoch: 0, membership: 0 }): NodeRow => ({
  nodeId: `id-${name}`,
  name,
  incarnation: `${name}1`,
  hostAddress: '',
  consolePort: 0,
  natsPort: 0,
  lastCount,
  serverRole: 'STARTING',
  standbyServerName: null,
  version: '0',
  timeZone: 'UTC',
  epoch: null,
  remembers,
});

export const neverHeld: Reign = {
  epoch: 0,
  holder: null,
  holderIncarnation: null,
  lastHolder: null,
  standby: null,
  standbyIncarnation: null,
  membership: 0,
  handoverTo: null,
  tenureEpoch: 0,
  timeline: null,
};

/** Of epoch 1. */
export const reignOf = (name: string, membership: number): Reign => ({
  ...neverHeld,
  epoch: 1,
  holder: `id-${name}`,
  holderIncarnation: `${name}1`,
  membership,
  tenureEpoch: 1,
  timeline: 't',
});

/** An answer of the store that was asked a millisecond ago. */
export const look = (nowMs: number, reign: Reign, nodes: NodeRow[]): Extract<LeaseInput, { kind: 'seen' }> => ({
  kind: 'seen',
  nowMs,
  wallMs: nowMs,
  sentAtMs: nowMs - 1,
  receivedAtMs: nowMs,
  connection: '1',
  beat: null,
  view: { reign, nodes, pause: null, storeIncarnation: 's', timeline: 't' },
});
