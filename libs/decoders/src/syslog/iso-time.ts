import { civilToMs, recordTimeMs } from '../time/civil-time.ts';

/** A point in time read from a text. `timestampMs` is null when it is no date that exists; `end` is the offset behind it. */
export interface TextTime {
  timestampMs: number | null;
  /** Digits of the fraction of a second, as written. */
  fractionDigits: number;
  end: number;
}

const iso = /(\d{4})-(\d\d)-(\d\d)([T ])(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?/y;

/**
 * A time as RFC 3339 writes it. `dialect: 'strict'` takes what RFC 5424 section 6.2.3 allows (but up to 9 digits of
 * fraction, which many senders write); `loose` also a space for the T, a comma, and no offset, which is read as UTC.
 */
export function parseIsoTime(text: string, start: number, dialect: 'strict' | 'loose'): TextTime | null {
  iso.lastIndex = start;
  const match = iso.exec(text);
  if (!match) return null;
  const [whole, year, month, day, separator, hour, minute, second, fraction = '', offset] = match;
  if (dialect === 'strict' && (separator !== 'T' || whole.includes(',') || !isStrictOffset(offset))) return null;
  const civilMs = civilToMs({
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    millisecond: fractionMs(fraction),
  });
  const timestampMs = civilMs === null ? null : recordTimeMs(civilMs - offsetMs(offset));
  return { timestampMs, fractionDigits: fraction.length, end: start + whole.length };
}

/** Whole ms of the digits behind the point. */
export function fractionMs(digits: string): number {
  return Number(digits.slice(0, 3).padEnd(3, '0'));
}

/** `Z`, `+hh:mm`, `-hhmm` or nothing, as ms to subtract. */
export function offsetMs(offset: string | undefined): number {
  if (offset === undefined || !/^[+-]/.test(offset)) return 0;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}

function isStrictOffset(offset: string | undefined): boolean {
  return offset === 'Z' || offset?.length === 6;
}
