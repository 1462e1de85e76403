import type { SyslogRecord } from '../records.ts';
import type { ParsedMessage } from './parsed-message.ts';
import { plainIsoTime } from './plain-time.ts';

const space = 0x20;
const dash = 0x2d;

/**
 * The usual message of RFC 5424, read character by character: version 1, a time in UTC, structured data without escapes.
 * Gives what `parseRfc5424` gives, several times as fast; null: not that usual, ask it.
 */
export function plainRfc5424(text: string, offset: number): ParsedMessage | null {
  if (text.charCodeAt(offset) !== 0x31 || text.charCodeAt(offset + 1) !== space) return null;
  const afterTime = text.indexOf(' ', offset + 2);
  const afterHost = text.indexOf(' ', afterTime + 1);
  const afterApp = text.indexOf(' ', afterHost + 1);
  const afterProc = text.indexOf(' ', afterApp + 1);
  const afterMsg = text.indexOf(' ', afterProc + 1);
  if (afterTime < 0 || afterHost <= afterTime + 1 || afterApp <= afterHost + 1) return null;
  if (afterProc <= afterApp + 1 || afterMsg <= afterProc + 1) return null;
  const timestampMs = timeAt(text, offset + 2, afterTime);
  if (Number.isNaN(timestampMs)) return null;
  const data = dataAt(text, afterMsg + 1);
  if (data === null || (data.end < text.length && text.charCodeAt(data.end) !== space)) return null;
  const start = text.charCodeAt(data.end + 1) === 0xfeff ? data.end + 2 : data.end + 1;
  return {
    timestampMs,
    hostname: fieldAt(text, afterTime + 1, afterHost),
    appName: fieldAt(text, afterHost + 1, afterApp),
    procId: fieldAt(text, afterApp + 1, afterProc),
    msgId: fieldAt(text, afterProc + 1, afterMsg),
    structuredData: data.structuredData,
    message: text.slice(start),
    note: null,
  };
}

/** NaN: not usual. */
function timeAt(text: string, start: number, end: number): number | null {
  return end === start + 1 && text.charCodeAt(start) === dash ? null : plainIsoTime(text, start, end);
}

function fieldAt(text: string, start: number, end: number): string | null {
  return end === start + 1 && text.charCodeAt(start) === dash ? null : text.slice(start, end);
}

type Data = Pick<SyslogRecord, 'structuredData'> & { end: number };

function dataAt(text: string, start: number): Data | null {
  const first = text.charCodeAt(start);
  if (first === dash) return { structuredData: null, end: start + 1 };
  if (first !== 0x5b || text.includes('\\', start)) return null;
  const structuredData: NonNullable<SyslogRecord['structuredData']> = {};
  let offset = start;
  while (text.charCodeAt(offset) === 0x5b) {
    const idEnd = nameEnd(text, offset + 1);
    const id = text.slice(offset + 1, idEnd);
    // Also what every object has: `constructor`, `__proto__`.
    if (idEnd === offset + 1 || id in structuredData) return null;
    const parameters: Record<string, string> = {};
    offset = parametersAt(text, idEnd, parameters);
    if (offset < 0) return null;
    structuredData[id] = parameters;
  }
  return { structuredData, end: offset };
}

/** The offset behind the element; -1: not usual. */
function parametersAt(text: string, start: number, into: Record<string, string>): number {
  let offset = start;
  while (text.charCodeAt(offset) === space) {
    const end = nameEnd(text, offset + 1);
    const name = text.slice(offset + 1, end);
    if (end === offset + 1 || name in into) return -1;
    if (text.charCodeAt(end) !== 0x3d || text.charCodeAt(end + 1) !== 0x22) return -1;
    const close = text.indexOf('"', end + 2);
    if (close < 0) return -1;
    into[name] = text.slice(end + 2, close);
    offset = close + 1;
  }
  return text.charCodeAt(offset) === 0x5d ? offset + 1 : -1;
}

/** Behind the visible ASCII characters that a name may have. Any other that it might have ends it, too, and is then not usual. */
function nameEnd(text: string, start: number): number {
  let end = start;
  for (;;) {
    const code = text.charCodeAt(end);
    if (!(code > space && code < 0x7f) || code === 0x3d || code === 0x5d || code === 0x22) return end;
    end += 1;
  }
}
