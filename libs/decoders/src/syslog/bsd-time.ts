import { civilToMs, recordTimeMs, yearOfMs } from '../time/civil-time.ts';
import type { CivilTime } from '../time/civil-time.ts';
import { fractionMs, offsetMs, parseIsoTime } from './iso-time.ts';

/** The time in front of a BSD message. `closed`: a colon ended it, as Cisco writes it, so no host name follows. */
export interface BsdTime {
  timestampMs: number | null;
  end: number;
  closed: boolean;
  /** No date: how long the device had been up. */
  sinceStart: boolean;
  /** The device says that its clock is not set (`*`, `.` in front, Cisco). */
  unsynchronised: boolean;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

// [*.] [Ddd] [year] Mmm [d]d [year] hh:mm:ss[.fff] [year] [zone]
const bsd = new RegExp(
  `([*.]?)(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:(\\d{4}) )?(${months.join('|')}) {1,2}(\\d{1,2}) (?:(\\d{4}) )?` +
    '(\\d{1,2}):(\\d\\d):(\\d\\d)(?:[.,](\\d{1,9}))?(?: (\\d{4})(?= |: ))?',
  // Some write the month in capitals.
  'iy',
);
// A word in capitals may as well be a host's name: only the known ones, or any in front of a Cisco mnemonic, are zones.
const zone =
  / (?:(UTC|GMT|Z|CEST|CET|EDT|EST|MDT|MST|PDT|PST)(?=[ :]|$)|[A-Z]{2,5}(?=: %)|([+-]\d\d:?\d\d)(?=[ :]))|(?:([+-]\d\d:\d\d)(?=[ :]))/y;
const closing = / ?:(?= |$)/y;
const zoneHours: Record<string, number> = { CET: 1, CEST: 2, EST: -5, EDT: -4, MST: -7, MDT: -6, PST: -8, PDT: -7 };

/** Reads the time of a BSD message at `start`: RFC 3164 section 4.1.2, Cisco's forms of it, or ISO 8601. */
export function parseBsdTime(text: string, start: number, receivedAtMs: number): BsdTime | null {
  const marked = text[start] === '*' || text[start] === '.' ? 1 : 0;
  const iso = parseIsoTime(text, start + marked, 'loose');
  if (iso) return closed({ ...iso, sinceStart: false, unsynchronised: marked === 1 }, text);
  bsd.lastIndex = start;
  const match = bsd.exec(text);
  if (!match) return null;
  const [whole, mark, yearFirst, month, day, yearMiddle, hour, minute, second, fraction = '', yearLast] = match;
  const written = {
    month: months.findIndex((name) => name.toLowerCase() === month?.toLowerCase()) + 1,
    day: Number(day),
  };
  const clock = {
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    millisecond: fractionMs(fraction),
  };
  zone.lastIndex = start + whole.length;
  const zoned = zone.exec(text);
  const shiftMs = (zoneHours[zoned?.[1] ?? ''] ?? 0) * 3_600_000 + offsetMs(zoned?.[2] ?? zoned?.[3]);
  const year = yearFirst ?? yearMiddle ?? yearLast;
  const timestampMs =
    year === undefined
      ? likelyYear({ ...written, ...clock }, shiftMs, receivedAtMs)
      : shifted({ year: Number(year), ...written, ...clock }, shiftMs);
  const end = start + whole.length + (zoned?.[0].length ?? 0);
  return closed({ timestampMs, end, sinceStart: false, unsynchronised: mark !== '' }, text);
}

const uptime = /[*.]?(?:\d{1,3}:\d\d:\d\d(?:\.\d{1,6})?|\d{1,3}d\d{1,2}h|\d{1,3}w\dd|\d{1,3}y\d{1,2}w):/y;

/** Cisco's `service timestamps log uptime`: `00:00:46:`, `1d02h:`, `3w4d:`, `1y2w:`. No point in time can be made of it. */
export function parseUptime(text: string, start: number): BsdTime | null {
  uptime.lastIndex = start;
  const match = uptime.exec(text);
  if (!match) return null;
  return { timestampMs: null, end: start + match[0].length, closed: true, sinceStart: true, unsynchronised: false };
}

const epoch = /1 (\d{9,10})\.(\d{1,9})(?= )/y;

/** Meraki's: the version of RFC 5424, then seconds since 1970 with a fraction. */
export function parseEpochTime(text: string, start: number): BsdTime | null {
  epoch.lastIndex = start;
  const match = epoch.exec(text);
  if (!match) return null;
  const timestampMs = recordTimeMs(Number(match[1]) * 1000 + fractionMs(match[2] ?? ''));
  return { timestampMs, end: start + match[0].length, closed: false, sinceStart: false, unsynchronised: false };
}

function closed(time: Omit<BsdTime, 'closed'>, text: string): BsdTime {
  closing.lastIndex = time.end;
  const colon = closing.exec(text);
  const { timestampMs, sinceStart, unsynchronised } = time;
  return { timestampMs, sinceStart, unsynchronised, end: time.end + (colon?.[0].length ?? 0), closed: colon !== null };
}

function shifted(time: CivilTime, shiftMs: number): number | null {
  const ms = civilToMs(time);
  return ms === null ? null : recordTimeMs(ms - shiftMs);
}

// A message may come late by months, from a queue or a clock that is not set; clocks that run ahead do so by days at most.
const aheadMs = 31 * 86_400_000;

/** The day of the last message: its midnights, the year behind that of its reception first. */
const lastDay = { month: 0, day: 0, near: NaN, midnightsMs: [] as (number | null)[] };

/** The same for a time without a zone: ms since midnight of the day. Null: there is no such date. */
export function latestYearMs(month: number, day: number, clockMs: number, receivedAtMs: number): number | null {
  const near = yearOfMs(Number.isFinite(receivedAtMs) ? receivedAtMs : 0);
  if (near !== lastDay.near || day !== lastDay.day || month !== lastDay.month) {
    const midnight = { month, day, hour: 0, minute: 0, second: 0, millisecond: 0 };
    const midnightsMs = [near + 1, near, near - 1].map((year) => civilToMs({ year, ...midnight }));
    Object.assign(lastDay, { month, day, near, midnightsMs });
  }
  for (const dayMs of lastDay.midnightsMs) {
    if (dayMs !== null && dayMs >= 0 && dayMs + clockMs <= receivedAtMs + aheadMs) return recordTimeMs(dayMs + clockMs);
  }
  return null;
}

/** RFC 3164 has no year: the latest one that does not put the message more than 31 days after its reception. */
function likelyYear(time: Omit<CivilTime, 'year'>, shiftMs: number, receivedAtMs: number): number | null {
  const near = yearOfMs(Number.isFinite(receivedAtMs) ? receivedAtMs : 0);
  for (const year of [near + 1, near, near - 1]) {
    const ms = shifted({ year, ...time }, shiftMs);
    if (ms !== null && ms <= receivedAtMs + aheadMs) return ms;
  }
  return null;
}
