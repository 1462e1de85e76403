import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ManualClock } from './index.ts';

it('runs timers by their time, equal ones as they were set, and none that was cancelled', async () => {
  const timers = fc.array(fc.record({ delayMs: fc.integer({ min: 0, max: 20 }), cancelled: fc.boolean() }), {
    maxLength: 300,
  });
  await fc.assert(
    fc.asyncProperty(timers, async (wanted) => {
      const clock = new ManualClock(0);
      const ran: string[] = [];
      const cancels = wanted.map(({ delayMs }, index) =>
        clock.after(delayMs, () => ran.push(`${clock.monotonicMs()} ${index}`)),
      );
      for (const [index, { cancelled }] of wanted.entries()) if (cancelled) cancels[index]?.();
      await clock.advance(20);
      const expected = wanted
        .map(({ delayMs, cancelled }, index) => ({ delayMs, cancelled, index }))
        .filter(({ cancelled }) => !cancelled)
        .sort((one, other) => one.delayMs - other.delayMs || one.index - other.index);
      expect(ran).toEqual(expected.map(({ delayMs, index }) => `${delayMs} ${index}`));
    }),
  );
});

it('lets every promise go on to its end before the next timer', async () => {
  const clock = new ManualClock(0);
  const said: string[] = [];
  clock.after(1, () => {
    void (async () => {
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      said.push(`done at ${clock.monotonicMs()}`);
    })();
  });
  clock.after(2, () => said.push('next'));
  await clock.advance(5, () => said.push('after'));
  expect(said).toEqual(['done at 1', 'after', 'next', 'after']);
  expect(clock.monotonicMs()).toBe(5);
});

it('ticks every period until it is cancelled, by itself, too', async () => {
  const clock = new ManualClock(0);
  const at: number[] = [];
  const cancel = clock.every(3, () => {
    at.push(clock.monotonicMs());
    if (at.length === 3) cancel();
  });
  await clock.advance(30);
  expect(at).toEqual([3, 6, 9]);
});
