import { initialState, step, type LeaseEffect, type Reign } from '@hotstandby/core/lease';
import { expect, it } from 'vitest';
import { look, neverHeld, reignOf, row, timing } from './looks.ts';

// A store that forgot its first claims gives their numbers again: two reigns of epoch 1, of two nodes.

const self = { nodeId: 'id-b', name: 'b', incarnation: 'b1', kind: 'secondary' as const };

/** When b claims, which remembers its own reign of epoch 1; a claims `claimedAtMs`, and beats until `deadAtMs`. */
function claimOf(claimedAtMs: number, deadAtMs: number): number | null {
  let state = initialState(self, timing, 0, 1, reignOf('b', 2));
  for (let nowMs = 0; nowMs < 3000; nowMs += 10) {
    const isClaimed = nowMs >= claimedAtMs;
    // The claim changes nothing in the row of its node; its beats do.
    const a = row('a', Math.floor(Math.min(nowMs, deadAtMs) / 40), { epoch: isClaimed ? 1 : 0, membership: 1 });
    const b = row('b', nowMs, { epoch: 1, membership: 2 });
    const stepped = step(state, look(nowMs, isClaimed ? reignOf('a', 1) : neverHeld, [a, b]));
    state = stepped.state;
    const isClaim = (effect: LeaseEffect) => effect.do === 'order' && effect.order.do === 'claim';
    if (stepped.effects.some(isClaim)) return nowMs;
  }
  return null;
}

it('waits from the claim under the number of its own, forgotten reign: whoever made it holds a grant', () => {
  // Not from the beginning of the doubt, at 0, nor from the last beat before the claim.
  expect(claimOf(100, 0)).toBe(260);
});

it('waits from the last sign of life of who holds another reign of that number', () => {
  expect(claimOf(100, 1000)).toBe(1160);
  expect(claimOf(100, 10_000)).toBeNull();
});

it('promises nothing under a reign whose number it knows as its own: its claim would wait for that for ever', () => {
  const asked = { epoch: 1, holder: 'id-a', holderIncarnation: 'a1', standby: 'id-b', standbyIncarnation: 'b1' };
  const promiseOf = (remembered: Reign | null) => {
    const state = initialState(self, timing, 0, remembered?.epoch ?? 0, remembered);
    return step(state, { kind: 'promise-asked', nowMs: 10, asked }).effects;
  };
  expect(promiseOf(reignOf('b', 2))).toMatchObject([{ do: 'promise', refused: expect.stringContaining('epoch 1') }]);
  expect(promiseOf(reignOf('a', 1))).toMatchObject([{ do: 'promise', refused: null }]);
  expect(promiseOf(null)).toContainEqual({ do: 'promise', refused: null });
});
