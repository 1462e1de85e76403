import { expect, it } from 'vitest';
import { Pieces } from './pieces.ts';

const hourMs = 3_600_000;
const look = (nowMs: number, change: { aheadMs?: number; keptSinceMs?: number | null } = {}) => ({
  nowMs,
  aheadMs: 0,
  keptSinceMs: 0,
  ...change,
});

it('goes on piece by piece, whatever the estimate of the clock trembles by', () => {
  const pieces = new Pieces(25_000, 2000);
  expect(pieces.next(look(100_000))).toBe(20_000);
  expect(pieces.next(look(101_000, { aheadMs: 3 }))).toBe(20_000);
  expect(pieces.done()).toBe(24_997);
  expect(pieces.next(look(102_000, { aheadMs: -3 }))).toBe(25_000);
  expect(pieces.done()).toBe(30_003);
});

it('begins in the piece before when the first ms of one could be meant', () => {
  expect(new Pieces(21_000, 2000).next(look(100_000))).toBe(15_000);
});

it('passes over what the node does not have any more, or never had', () => {
  expect(new Pieces(0, 2000).next(look(100_000, { keptSinceMs: 66_000 }))).toBe(65_000);
  expect(new Pieces(0, 2000).next(look(100_000, { keptSinceMs: null }))).toBe(100_000);
  // Its clock is an hour ahead.
  expect(new Pieces(0, 2000).next(look(100_000, { keptSinceMs: 66_000, aheadMs: hourMs }))).toBe(65_000 + hourMs);
});

it('passes over what the ledger may have forgotten', () => {
  expect(new Pieces(0, 2000).next(look(10 * hourMs))).toBe(7.5 * hourMs);
});

it('goes back with a clock that was set back, or what it stamps anew would count as compared', () => {
  const pieces = new Pieces(2 * hourMs, 2000);
  pieces.next(look(2 * hourMs + 20_000));
  expect(pieces.done()).toBe(2 * hourMs);
  expect(pieces.next(look(2 * hourMs + 21_000, { aheadMs: -hourMs }))).toBe(hourMs - 5000);
  expect(pieces.done()).toBe(2 * hourMs);
});

it('goes forward with one that was set forward', () => {
  const pieces = new Pieces(2 * hourMs, 2000);
  pieces.next(look(2 * hourMs + 20_000));
  pieces.done();
  expect(pieces.next(look(2 * hourMs + 21_000, { aheadMs: hourMs }))).toBe(3 * hourMs - 5000);
});
