import { initialState, step, type LeaseEffect, type Reign } from '@hotstandby/core/lease';
import { expect, it } from 'vitest';
import { look, reignOf, row, timing } from './looks.ts';

const self = { nodeId: 'id-c', name: 'c', incarnation: 'c1', kind: 'secondary' as const };
const reign: Reign = { ...reignOf('a', 1), standby: 'id-b', standbyIncarnation: 'b1' };

it('waits from when the place was emptied: until then its owner may have promised a holder whose beats got lost', () => {
  let state = initialState(self, timing, 0, 0);
  const effects: LeaseEffect[] = [];
  const see = (nowMs: number, seen: Reign) => {
    const stepped = step(state, look(nowMs, seen, [row('a', 7), row('c', nowMs)]));
    state = stepped.state;
    effects.push(...stepped.effects.filter((effect) => effect.do === 'order'));
  };
  const emptied = { ...reign, standby: null, standbyIncarnation: null, membership: 2 };
  for (let nowMs = 40; nowMs <= 1000; nowMs += 40) see(nowMs, reign);
  for (let nowMs = 1040; nowMs < 1040 + 158; nowMs += 40) see(nowMs, emptied);
  expect(effects).toEqual([]);
  see(1200, emptied);
  expect(effects).toMatchObject([{ order: { do: 'claim' } }]);
});
