import { civilToMs } from '../time/civil-time.ts';
import { jsonOfData } from './json-of-data.ts';
import { clockIn, digitsIn, findIn } from './octets.ts';
import { spanNumbers, type SyslogColumns } from './syslog-columns.ts';

const space = 0x20;
const dash = 0x2d;

/**
 * Version 1, a time in UTC, structured data without escapes, as `plainRfc5424` reads it of a text: the message from `at` to `end` of
 * the octets into the row behind the last. False: not that usual. `base`: where the octets begin in those of the columns.
 */
export function readRfc5424(octets: Uint8Array, at: number, end: number, base: number, into: SyslogColumns): boolean {
  if (octets[at] !== 0x31 || octets[at + 1] !== space) return false;
  const timeEnd = findIn(octets, space, at + 2, end);
  if (timeEnd < 0) return false;
  const noTime = timeEnd === at + 3 && octets[at + 2] === dash;
  const timestampMs = noTime ? NaN : isoTimeIn(octets, at + 2, timeEnd);
  if (!noTime && Number.isNaN(timestampMs)) return false;
  const row = into.count;
  const { spans } = into;
  let slot = row * spanNumbers;
  let start = timeEnd + 1;
  for (let field = 0; field < 4; field += 1) {
    const behind = findIn(octets, space, start, end);
    if (behind <= start) return false;
    const isNone = behind === start + 1 && octets[start] === dash;
    spans[slot++] = isNone ? 0 : base + start;
    spans[slot++] = isNone ? 0 : base + behind;
    start = behind + 1;
  }
  const data = octets[start] === dash && start < end ? start + 1 : jsonOfData(octets, start, end, into);
  if (data < 0 || (data < end && octets[data] !== space)) return false;
  spans[slot++] = base + Math.min(end, data + 1);
  spans[slot] = base + end;
  into.timestampMs[row] = timestampMs;
  into.isRfc5424[row] = 1;
  return true;
}

const shortest = '2026-01-01T00:00:00Z'.length;
const longest = '2026-01-01T00:00:00.000000Z'.length;

/** The day of the last message, which is mostly that of the next one. */
const lastDay = { written: NaN, ms: NaN };

/** `YYYY-MM-DDThh:mm:ss[.ffffff]Z` from `at` to `end` as ms since 1970; NaN: it is not that. */
function isoTimeIn(octets: Uint8Array, at: number, end: number): number {
  const length = end - at;
  if (length < shortest || length > longest || length === shortest + 1 || octets[end - 1] !== 0x5a) return NaN;
  if (octets[at + 4] !== dash || octets[at + 7] !== dash || octets[at + 10] !== 0x54) return NaN;
  const year = digitsIn(octets, at, 4);
  const month = digitsIn(octets, at + 5, 2);
  const day = digitsIn(octets, at + 8, 2);
  const written = year * 10_000 + month * 100 + day;
  if (written !== lastDay.written) {
    const ms = civilToMs({ year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 });
    if (ms === null || !(year >= 1970)) return NaN;
    lastDay.written = written;
    lastDay.ms = ms;
  }
  return lastDay.ms + clockIn(octets, at + 11) + fractionIn(octets, at + 19, end - 1);
}

/** `.f` to `.ffffff` in whole ms; nothing: 0. */
function fractionIn(octets: Uint8Array, at: number, end: number): number {
  if (at === end) return 0;
  const digits = end - at - 1;
  if (octets[at] !== 0x2e) return NaN;
  const value = digitsIn(octets, at + 1, digits);
  return digits <= 3 ? value * 10 ** (3 - digits) : Math.floor(value / 10 ** (digits - 3));
}
