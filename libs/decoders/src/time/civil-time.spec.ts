import fc from 'fast-check';
import { expect, test } from 'vitest';
import { civilToMs, recordTimeMs, yearOfMs } from './civil-time.ts';

test('agrees with Date from 1970 to 9999', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
      const date = new Date(ms);
      const time = {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
        millisecond: date.getUTCMilliseconds(),
      };
      expect(civilToMs(time)).toBe(ms);
      expect(yearOfMs(ms)).toBe(time.year);
    }),
  );
});

test('refuses dates that do not exist', () => {
  const noon = { hour: 12, minute: 0, second: 0, millisecond: 0 };
  expect(civilToMs({ year: 2026, month: 2, day: 29, ...noon })).toBeNull();
  expect(civilToMs({ year: 2024, month: 2, day: 29, ...noon })).toBe(Date.UTC(2024, 1, 29, 12));
  expect(civilToMs({ year: 1900, month: 2, day: 29, ...noon })).toBeNull();
  expect(civilToMs({ year: 2026, month: 13, day: 1, ...noon })).toBeNull();
  expect(civilToMs({ year: 2026, month: 4, day: 31, ...noon })).toBeNull();
  expect(civilToMs({ year: 2026, month: 4, day: 0, ...noon })).toBeNull();
});

test('records hold whole ms from 1970 to 9999', () => {
  expect(recordTimeMs(-1)).toBeNull();
  expect(recordTimeMs(1.9)).toBe(1);
  expect(recordTimeMs(253_402_300_800_000)).toBeNull();
  expect(recordTimeMs(Number.NaN)).toBeNull();
});
