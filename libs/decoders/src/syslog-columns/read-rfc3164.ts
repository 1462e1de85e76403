import { latestYearMs } from '../syslog/bsd-time.ts';
import { clockIn, digitsIn } from './octets.ts';
import { spanNumbers, type SyslogColumns } from './syslog-columns.ts';

const space = 0x20;
const colon = 0x3a;
const bracket = 0x5b;

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(
  (name) => (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2),
);

/**
 * `Mmm dd hh:mm:ss host tag[pid]: text`, as `plainRfc3164` reads it of a text: the message from `at` to `end` of the octets into the
 * row behind the last. False: not that usual. `base`: where the octets begin in those of the columns.
 */
export function readRfc3164(
  octets: Uint8Array,
  at: number,
  end: number,
  { receivedAtMs, base }: { receivedAtMs: number; base: number },
  into: SyslogColumns,
): boolean {
  if (end - at < 20) return false;
  const month = months.indexOf(((octets[at] ?? 0) << 16) | ((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0));
  if (month < 0 || octets[at + 3] !== space) return false;
  const day = octets[at + 4] === space ? digitsIn(octets, at + 5, 1) : digitsIn(octets, at + 4, 2);
  const clockMs = clockIn(octets, at + 7);
  if (Number.isNaN(day) || Number.isNaN(clockMs)) return false;
  if (octets[at + 6] !== space || octets[at + 15] !== space) return false;
  const timestampMs = latestYearMs(month + 1, day, clockMs, receivedAtMs);
  if (timestampMs === null) return false;
  const host = at + 16;
  const hostEnd = hostEndIn(octets, host, end);
  const tag = hostEnd + 1;
  // A colon behind it belongs to it, or it is the tag.
  if (hostEnd < 0 || tag >= end || octets[tag] === colon || octets[tag] === space) return false;
  const tagEnd = tagEndIn(octets, tag, end);
  if (tagEnd === tag || tagEnd - hostEnd > 128) return false;
  const hasProc = tagEnd < end && octets[tagEnd] === bracket;
  const procEnd = hasProc ? procEndIn(octets, tagEnd + 1, end) : tagEnd;
  const colonAt = hasProc ? procEnd + 1 : tagEnd;
  if (procEnd < 0 || colonAt + 1 >= end || octets[colonAt] !== colon || octets[colonAt + 1] !== space) return false;
  const row = into.count;
  into.timestampMs[row] = timestampMs;
  into.isRfc5424[row] = 0;
  const { spans } = into;
  let slot = row * spanNumbers;
  spans[slot++] = base + host;
  spans[slot++] = base + hostEnd;
  spans[slot++] = base + tag;
  spans[slot++] = base + tagEnd;
  spans[slot++] = hasProc ? base + tagEnd + 1 : 0;
  spans[slot++] = hasProc ? base + procEnd : 0;
  spans[slot++] = 0;
  spans[slot++] = 0;
  spans[slot++] = base + colonAt + 2;
  spans[slot] = base + end;
  return true;
}

const isSmall = (octet: number) => octet >= 0x61 && octet <= 0x7a;
const isDigit = (octet: number) => octet >= 0x30 && octet <= 0x39;
const isCapital = (octet: number) => octet >= 0x41 && octet <= 0x5a;

/** The space behind a name that begins and ends as a host's name does and can be no zone and no year; -1: it is none. */
function hostEndIn(octets: Uint8Array, start: number, end: number): number {
  if (!isSmall(octets[start] ?? 0)) return -1;
  for (let index = start + 1; index < end; index += 1) {
    const octet = octets[index] ?? 0;
    const goesOn =
      isSmall(octet) || isDigit(octet) || isCapital(octet) || octet === 0x2d || octet === 0x2e || octet === 0x5f;
    if (!goesOn) return octet === space && octets[index - 1] !== 0x2e ? index : -1;
  }
  return -1;
}

function tagEndIn(octets: Uint8Array, start: number, end: number): number {
  let index = start;
  for (; index < end; index += 1) {
    const octet = octets[index] ?? 0;
    if (!(octet > space && octet < 0x7f) || octet === colon || octet === bracket || octet === 0x5d) break;
  }
  return index;
}

/** The bracket behind the digits; -1: there are none, or not only. */
function procEndIn(octets: Uint8Array, start: number, end: number): number {
  let index = start;
  while (index < end && isDigit(octets[index] ?? 0)) index += 1;
  return index > start && index < end && index - start < 128 && octets[index] === 0x5d ? index : -1;
}
