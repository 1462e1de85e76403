import { expect, it } from 'vitest';
import { initialState, step, type LeaseEffect, type NodeRow, type Reign } from './index.ts';

const timing = { beatMs: 40, leaseTtlMs: 150, takeoverWaitMs: 158, fenceLeadMs: 15 };
const self = { nodeId: 'id-c', name: 'c', incarnation: 'c1', kind: 'secondary' as const };

const row = (name: string, lastCount: number): NodeRow => ({
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
  remembers: { epoch: 0, membership: 0 },
});

const reign: Reign = {
  epoch: 1,
  holder: 'id-a',
  holderIncarnation: 'a1',
  lastHolder: null,
  standby: 'id-b',
  standbyIncarnation: 'b1',
  membership: 1,
  handoverTo: null,
  tenureEpoch: 1,
  timeline: 't',
};

it('waits from when the place was emptied: until then its owner may have promised a holder whose beats got lost', () => {
  let state = initialState(self, timing, 0, 0);
  const effects: LeaseEffect[] = [];
  const look = (nowMs: number, seen: Reign) => {
    const view = {
      reign: seen,
      nodes: [row('a', 7), row('c', nowMs)],
      pause: null,
      storeIncarnation: 's',
      timeline: 't',
    };
    const stepped = step(state, {
      kind: 'seen',
      nowMs,
      wallMs: nowMs,
      sentAtMs: nowMs - 1,
      receivedAtMs: nowMs,
      connection: '1',
      beat: null,
      view,
    });
    state = stepped.state;
    effects.push(...stepped.effects.filter((effect) => effect.do === 'order'));
  };
  const emptied = { ...reign, standby: null, standbyIncarnation: null, membership: 2 };
  for (let nowMs = 40; nowMs <= 1000; nowMs += 40) look(nowMs, reign);
  for (let nowMs = 1040; nowMs < 1040 + 158; nowMs += 40) look(nowMs, emptied);
  expect(effects).toEqual([]);
  look(1200, emptied);
  expect(effects).toMatchObject([{ order: { do: 'claim' } }]);
});
