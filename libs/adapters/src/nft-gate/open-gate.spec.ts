import { expect, it } from 'vitest';
import { openGate } from './open-gate.ts';

const clock = {
  monotonicMs: () => 0,
  bootMs: () => 0,
  wallMs: () => 0,
  after: () => () => {},
  every: () => () => {},
};

it('says once, and in the status, that the kernel is told through nft, and why', () => {
  const warned: unknown[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (...said: unknown[]) => void warned.push(said) };
  const parts = { place: { cluster: 'c', node: 'a' }, clock, log };
  const without = openGate(parts, () => 'it was not compiled');
  expect(without.means()).toEqual({ name: 'nft', note: 'netlink cannot be used: it was not compiled' });
  expect(warned).toEqual([
    [expect.stringContaining('through nft'), { why: 'netlink cannot be used: it was not compiled' }],
  ]);
  const socket = { exchange: (request: Uint8Array) => request, close() {} };
  expect(openGate(parts, () => socket).means()).toEqual({ name: 'netlink', note: null });
  expect(warned).toHaveLength(1);
});
