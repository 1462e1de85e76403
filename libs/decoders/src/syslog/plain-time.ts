import { civilToMs } from '../time/civil-time.ts';

/** The number of `count` digits at `start`; NaN when one of them is none. */
export function digitsAt(text: string, start: number, count: number): number {
  let value = 0;
  for (let index = start; index < start + count; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** `hh:mm:ss` at `start` as ms since midnight; NaN when it is not that, or no time of day. Second 60 is not plain. */
export function clockAt(text: string, start: number): number {
  if (text.charCodeAt(start + 2) !== 0x3a || text.charCodeAt(start + 5) !== 0x3a) return NaN;
  const hour = digitsAt(text, start, 2);
  const minute = digitsAt(text, start + 3, 2);
  const second = digitsAt(text, start + 6, 2);
  return hour <= 23 && minute <= 59 && second <= 59 ? ((hour * 60 + minute) * 60 + second) * 1000 : NaN;
}

const shortest = '2026-01-01T00:00:00Z'.length;
const longest = '2026-01-01T00:00:00.000000Z'.length;

/** `YYYY-MM-DDThh:mm:ss[.ffffff]Z` that fills the text from `start` to `end`, as ms since 1970; NaN: it is not that. */
export function plainIsoTime(text: string, start: number, end: number): number {
  const length = end - start;
  if (length < shortest || length > longest || length === shortest + 1 || text.charCodeAt(end - 1) !== 0x5a) return NaN;
  if (text.charCodeAt(start + 4) !== 0x2d || text.charCodeAt(start + 7) !== 0x2d) return NaN;
  if (text.charCodeAt(start + 10) !== 0x54) return NaN;
  const year = digitsAt(text, start, 4);
  const day = civilToMs({
    year,
    month: digitsAt(text, start + 5, 2),
    day: digitsAt(text, start + 8, 2),
    hour: 0,
    minute: 0,
    second: 0,
    millisecond: 0,
  });
  if (day === null || !(year >= 1970)) return NaN;
  return day + clockAt(text, start + 11) + fractionAt(text, start + 19, end - 1);
}

/** `.f` to `.ffffff` between `start` and `end` in whole ms; nothing: 0. */
function fractionAt(text: string, start: number, end: number): number {
  if (start === end) return 0;
  const digits = end - start - 1;
  if (text.charCodeAt(start) !== 0x2e) return NaN;
  const value = digitsAt(text, start + 1, digits);
  return digits <= 3 ? value * 10 ** (3 - digits) : Math.floor(value / 10 ** (digits - 3));
}
