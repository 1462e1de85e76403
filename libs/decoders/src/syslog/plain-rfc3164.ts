import { latestYearMs } from './bsd-time.ts';
import type { ParsedMessage } from './parsed-message.ts';
import { clockAt, digitsAt } from './plain-time.ts';

const space = 0x20;
const colon = 0x3a;
const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/**
 * The usual message of RFC 3164, read character by character: `Mmm dd hh:mm:ss host tag[pid]: text`, the host in small
 * letters. Gives what `parseRfc3164` gives, several times as fast; null: not that usual, ask it.
 */
export function plainRfc3164(text: string, offset: number, receivedAtMs: number): ParsedMessage | null {
  const month = months.indexOf(text.slice(offset, offset + 3));
  if (month < 0 || month % 3 !== 0 || text.charCodeAt(offset + 3) !== space) return null;
  const padded = text.charCodeAt(offset + 4) === space;
  const day = padded ? digitsAt(text, offset + 5, 1) : digitsAt(text, offset + 4, 2);
  const clockMs = clockAt(text, offset + 7);
  if (Number.isNaN(day) || Number.isNaN(clockMs)) return null;
  if (text.charCodeAt(offset + 6) !== space || text.charCodeAt(offset + 15) !== space) return null;
  const timestampMs = latestYearMs(month / 3 + 1, day, clockMs, receivedAtMs);
  if (timestampMs === null) return null;
  const hostEnd = hostEndAt(text, offset + 16);
  // A colon behind it belongs to it, or it is the tag.
  if (hostEnd < 0 || text.charCodeAt(hostEnd + 1) === colon || text.charCodeAt(hostEnd + 1) === space) return null;
  const tagEnd = tagEndAt(text, hostEnd + 1);
  if (tagEnd === hostEnd + 1 || tagEnd - hostEnd > 128) return null;
  const procEnd = text.charCodeAt(tagEnd) === 0x5b ? procEndAt(text, tagEnd + 1) : tagEnd;
  const end = procEnd === tagEnd ? tagEnd : procEnd + 1;
  if (procEnd < 0 || text.charCodeAt(end) !== colon || text.charCodeAt(end + 1) !== space) return null;
  return {
    timestampMs,
    hostname: text.slice(offset + 16, hostEnd),
    appName: text.slice(hostEnd + 1, tagEnd),
    procId: procEnd === tagEnd ? null : text.slice(tagEnd + 1, procEnd),
    msgId: null,
    structuredData: null,
    message: text.slice(end + 2),
    note: null,
  };
}

const isSmall = (code: number) => code >= 0x61 && code <= 0x7a;
const isDigit = (code: number) => code >= 0x30 && code <= 0x39;
const isCapital = (code: number) => code >= 0x41 && code <= 0x5a;

/** The space behind a name that begins and ends as a host's name does and can be no zone and no year; -1: it is none. */
function hostEndAt(text: string, start: number): number {
  if (!isSmall(text.charCodeAt(start))) return -1;
  let end = start + 1;
  for (;;) {
    const code = text.charCodeAt(end);
    if (isSmall(code) || isDigit(code) || isCapital(code) || code === 0x2d || code === 0x2e || code === 0x5f) end += 1;
    else return code === space && text.charCodeAt(end - 1) !== 0x2e ? end : -1;
  }
}

function tagEndAt(text: string, start: number): number {
  let end = start;
  for (;;) {
    const code = text.charCodeAt(end);
    if (!(code > space && code < 0x7f) || code === colon || code === 0x5b || code === 0x5d) return end;
    end += 1;
  }
}

/** The bracket behind the digits; -1: there are none, or not only. */
function procEndAt(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end > start && end - start < 128 && text.charCodeAt(end) === 0x5d ? end : -1;
}
