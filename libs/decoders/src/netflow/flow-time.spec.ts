import { expect, test } from 'vitest';
import { deltaToMs, uptimeToMs } from './flow-time.ts';

const dayMs = 86_400_000;
const exportMs = Date.UTC(2026, 10, 21, 12);
const clock = (uptimeMs: number) => ({ exportMs, bootMs: exportMs - uptimeMs });

test('uptime is relative to the start of the exporter', () => {
  expect(uptimeToMs(5 * dayMs, clock(45 * dayMs))).toBe(exportMs - 40 * dayMs);
  expect(uptimeToMs(1000, clock(1000))).toBe(exportMs);
});

test('uptime that began anew after 2^32 ms: the flow is older than the header', () => {
  expect(uptimeToMs(2 ** 32 - 5000, clock(1000))).toBe(exportMs - 6000);
});

test('a flow a little after the header is not taken for one of 49 days ago', () => {
  expect(uptimeToMs(61_000, clock(60_000))).toBe(exportMs + 1000);
});

test('an exporter up for longer than 2^32 ms whose start is known', () => {
  expect(uptimeToMs(500, clock(2 ** 32 + 2000))).toBe(exportMs - 1500);
});

test('no start, no time; a time before 1970 is none', () => {
  expect(uptimeToMs(5, { exportMs, bootMs: null })).toBeNull();
  expect(uptimeToMs(5, { exportMs: 0, bootMs: -10 })).toBeNull();
  expect(deltaToMs(1_500_000, clock(0))).toBe(exportMs - 1500);
  expect(deltaToMs(1, { exportMs: 0, bootMs: null })).toBeNull();
});
