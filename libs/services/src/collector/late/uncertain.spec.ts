import { expect, it } from 'vitest';
import { uncertainOf } from './uncertain.ts';

const noted = (nodeId: string, epoch: number, settledBeforeMs: number, otherBeforeMs: number | null, ahead = 0) => ({
  nodeId,
  epoch,
  settledBeforeMs,
  clockAheadMs: ahead,
  ownFromMs: null as number | null,
  otherBeforeMs,
});

it('begins with everything where nobody has noted anything', () => {
  expect(uncertainOf([], 'b', null)).toEqual({ own: null, otherFromMs: 0, otherId: null });
});

it('leaves to be compared what the node before had not compared, up to where the replay begins', () => {
  const of = [noted('a', 1, 5000, 2000)];
  expect(uncertainOf(of, 'b', 4500)).toEqual({
    own: { fromMs: 2000, untilMs: 4500 },
    otherFromMs: 5000,
    otherId: 'a',
  });
});

it('goes by whoever knows more of a node, itself or the other one', () => {
  // b reigned before a, and stored more of its own than a had compared since; a's own was compared by b further than a noted.
  const of = [noted('b', 1, 3000, 6000), noted('a', 2, 5000, 2000)];
  expect(uncertainOf(of, 'b', 4500)).toEqual({
    own: { fromMs: 3000, untilMs: 4500 },
    otherFromMs: 6000,
    otherId: 'a',
  });
});

it('compares nothing of its own again that it has noted as stored', () => {
  expect(uncertainOf([noted('b', 2, 9000, null), noted('a', 1, 5000, 2000)], 'b', 4500).own).toBeNull();
});

it('takes times of both nodes to the clock of the store', () => {
  expect(uncertainOf([noted('a', 1, 5000, 1000, 3000)], 'b', 4500).otherFromMs).toBe(2000);
});

it('takes what a program of before noted for not compared', () => {
  expect(uncertainOf([noted('a', 1, 5000, null)], 'b', 4500).own).toEqual({ fromMs: 0, untilMs: 4500 });
});

it('inherits what a node left open of what it received before it reigned', () => {
  const left = { ...noted('a', 2, 5000, 2000), ownFromMs: 1500 };
  expect(uncertainOf([left], 'b', 4500)).toEqual({
    own: { fromMs: 2000, untilMs: 4500 },
    otherFromMs: 1500,
    otherId: 'a',
  });
  // The same node again, when nobody reigned meanwhile.
  expect(uncertainOf([left], 'a', 4500).own).toEqual({ fromMs: 1500, untilMs: 4500 });
});
