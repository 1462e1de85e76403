// The calendar without Date: a decoder may not even name what could read a clock.

const dayMs = 86_400_000;

/** Records hold times from 1970 up to, not including, this one: the year 10000. */
export const endOfTimeMs = 253_402_300_800_000;

/** Whole ms when a record may hold the time, else null. */
export function recordTimeMs(ms: number): number | null {
  const whole = Math.floor(ms);
  return whole >= 0 && whole < endOfTimeMs ? whole : null;
}

/** A date and time of day as a device writes it; `month` 1..12. */
export interface CivilTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

/** ms since 1970 of a time in UTC; null when there is no such date or time. Second 60 (a leap second) is the next second. */
export function civilToMs(time: CivilTime): number | null {
  const { year, month, day, hour, minute, second } = time;
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;
  return daysSince1970(year, month, day) * dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + time.millisecond;
}

/** The answer to the last question: almost every message is of the year of the one before it. */
const lastYear = { year: 1970, fromMs: 0, toMs: 365 * dayMs };

/** The year (UTC) of a time. */
export function yearOfMs(ms: number): number {
  if (ms >= lastYear.fromMs && ms < lastYear.toMs) return lastYear.year;
  lastYear.year = findYear(ms);
  lastYear.fromMs = daysSince1970(lastYear.year, 1, 1) * dayMs;
  lastYear.toMs = daysSince1970(lastYear.year + 1, 1, 1) * dayMs;
  return lastYear.year;
}

function findYear(ms: number): number {
  const days = Math.floor(ms / dayMs);
  let year = Math.floor(days / 365.2425) + 1970;
  while (daysSince1970(year, 1, 1) > days) year -= 1;
  while (daysSince1970(year + 1, 1, 1) <= days) year += 1;
  return year;
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days of the proleptic Gregorian calendar, counted in years that begin in March so that the leap day is the last. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}
