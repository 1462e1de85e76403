import { ManualClock } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { HostClock } from './host-clock.ts';
import { Process } from './process.ts';
import { Random } from './random.ts';

function newProcess() {
  const clock = new ManualClock(0);
  const process = new Process('p', new HostClock(clock, new Random(1), { rate: 1, lateMs: 0, wallInstead: false }));
  const startMs = process.monotonicMs();
  return { clock, process, passedMs: () => process.monotonicMs() - startMs };
}

it('goes on before its time when it was frozen without looking at its clock', async () => {
  const { clock, process, passedMs } = newProcess();
  process.freeze(100);
  await clock.advance(40);
  process.thaw();
  expect(process.isFrozen()).toBe(false);
  expect(passedMs()).toBeCloseTo(40);
});

it('sees no time twice: frozen in the middle of its work it goes on at the time that it has seen', async () => {
  const { clock, process, passedMs } = newProcess();
  process.freeze(100);
  expect(passedMs()).toBeCloseTo(100);
  await clock.advance(40);
  process.thaw();
  expect(process.isFrozen()).toBe(true);
  expect(passedMs()).toBeCloseTo(100);
  await clock.advance(60);
  expect(process.isFrozen()).toBe(false);
  expect(passedMs()).toBeCloseTo(100);
});

it('is not held by whoever looks into it from outside', () => {
  const { process, passedMs } = newProcess();
  process.freeze(100);
  expect(process.lookedAt(passedMs)).toBeCloseTo(0);
  process.thaw();
  expect(process.isFrozen()).toBe(false);
});
