import { parseIsoTime } from './iso-time.ts';
import type { ParsedMessage, ParseFault } from './parsed-message.ts';
import { parseStructuredData } from './structured-data.ts';

const start5424 = /([1-9]\d{0,2}) (?:- |\d{4}-)/y;

/** True when the text behind the PRI begins as RFC 5424 does: a version, a space, and a timestamp or `-`. */
export function looksLikeRfc5424(text: string, offset: number): boolean {
  start5424.lastIndex = offset;
  return start5424.test(text);
}

/** A message of RFC 5424 section 6 behind its PRI. Lengths of the header's fields are not held against the sender. */
export function parseRfc5424(text: string, offset: number): ParsedMessage | ParseFault {
  const fields: string[] = [];
  let position = offset;
  while (fields.length < 6) {
    const space = text.indexOf(' ', position);
    if (space <= position) return { fault: `header ends after ${fields.length} of 7 fields` };
    fields.push(text.slice(position, space));
    position = space + 1;
  }
  const [version, timestamp = '', hostname, appName, procId, msgId] = fields;
  if (version !== '1') return { fault: `syslog version ${version} is unknown` };
  const time = timestamp === '-' ? null : parseIsoTime(timestamp, 0, 'strict');
  if (timestamp !== '-' && (time?.end !== timestamp.length || time.timestampMs === null)) {
    return { fault: 'timestamp is not RFC 3339' };
  }
  const data = parseStructuredData(text, position);
  if ('fault' in data) return data;
  if (data.end < text.length && text[data.end] !== ' ') return { fault: 'structured data: no space behind it' };
  const message = text.slice(data.end + 1);
  const timeNote = time && time.fractionDigits > 6 ? 'timestamp has more than 6 digits of fraction' : null;
  return {
    timestampMs: time?.timestampMs ?? null,
    hostname: nilToNull(hostname),
    appName: nilToNull(appName),
    procId: nilToNull(procId),
    msgId: nilToNull(msgId),
    structuredData: data.structuredData,
    message: message.startsWith('\uFEFF') ? message.slice(1) : message,
    note: timeNote ?? data.note,
  };
}

function nilToNull(field: string | undefined): string | null {
  return field === undefined || field === '-' ? null : field;
}
