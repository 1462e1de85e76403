import { expect, it } from 'vitest';
import { systemClock } from './index.ts';

it('never calls back before the time, not by a fraction of a millisecond', async () => {
  const early: number[] = [];
  const timers = Array.from({ length: 300 }, (_, index) => {
    const delayMs = 1 + (index % 40) + (index % 7) / 7;
    const startMs = systemClock.monotonicMs();
    return new Promise<void>((resolve) => {
      systemClock.after(delayMs, () => {
        const leftMs = startMs + delayMs - systemClock.monotonicMs();
        if (leftMs > 0) early.push(leftMs);
        resolve();
      });
    });
  });
  await Promise.all(timers);
  expect(early).toEqual([]);
});

it('calls nobody back who has cancelled', async () => {
  let called = false;
  systemClock.after(1, () => (called = true))();
  await new Promise<void>((resolve) => systemClock.after(10, resolve));
  expect(called).toBe(false);
});
