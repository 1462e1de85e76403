import { expect, it } from 'vitest';
import { watchClocks, type ClockReading, type ClockWatch } from './clock-watch.ts';

/** Readings one after the other, each as changes of a host that was up for an hour; what each told. */
function told(...readings: Partial<ClockReading>[]): { suspendedMs: number | null; steppedMs: number | null }[] {
  let watch: ClockWatch | null = null;
  return readings.map((change) => {
    const reading = { beganMs: 1000, bootMs: 1000, wallMs: 500_000, monotonicMs: 1000, ...change };
    const { watch: next, ...rest } = watchClocks(watch, { ...reading, beganMs: change.beganMs ?? reading.monotonicMs });
    watch = next;
    return rest;
  });
}
const nothing = { suspendedMs: null, steppedMs: null };

it('says nothing of a first reading, of time that passes, and of the coarse boot-time clock', () => {
  const later = [3, 12, 17, 26, 39].map((ms) => ({
    bootMs: Math.floor((1000 + ms) / 10) * 10,
    wallMs: 500_000 + ms,
    monotonicMs: 1000 + ms,
  }));
  expect(told({}, ...later)).toEqual([nothing, ...later.map(() => nothing)]);
});

it('tells a suspension once, by what the boot-time clock is ahead, and takes no step of the wall clock from it', () => {
  const woken = { bootMs: 61_005, wallMs: 560_005, monotonicMs: 1005 };
  const later = { bootMs: 61_015, wallMs: 560_015, monotonicMs: 1015 };
  expect(told({}, woken, later)).toEqual([nothing, { suspendedMs: 60_000, steppedMs: null }, nothing]);
});

it('tells a step of the wall clock in both directions, and no slewing', () => {
  const at = (monotonicMs: number, wallMs: number) => ({ bootMs: monotonicMs, wallMs, monotonicMs });
  expect(told({}, at(1010, 500_060), at(1020, 510_020), at(1030, 500_030))).toEqual([
    nothing,
    nothing,
    { suspendedMs: null, steppedMs: 9950 },
    { suspendedMs: null, steppedMs: -10_000 },
  ]);
});

it('takes no process that was held up between two readings for a machine that was', () => {
  const heldUp = { beganMs: 1010, bootMs: 1010, wallMs: 500_010, monotonicMs: 3010 };
  const next = { bootMs: 3020, wallMs: 502_020, monotonicMs: 3020 };
  expect(told({}, heldUp, next)).toEqual([nothing, nothing, nothing]);
});
