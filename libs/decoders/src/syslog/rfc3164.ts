import type { BsdTime } from './bsd-time.ts';
import { parseFront } from './device-front.ts';
import type { ParsedMessage } from './parsed-message.ts';

/** AIX names the host behind some words of its own. */
const forwarded = /Message forwarded from ([^\s:]{1,255}): /y;
const host = /[A-Za-z0-9._:[\]-]*[A-Za-z0-9_\]-](?= )/y;
const tag = /([^\s:[\]]{1,128})(?:\[([^\]\s]{0,128})\](?::|(?= |$))|:(?= |$))/y;

/**
 * A BSD message behind its PRI: RFC 3164 section 4.1 and what devices make of it. No part is required: without a time the
 * text is the message (section 4.3.2). Null when there is no time and `needsTime`. Times without a zone are read as UTC.
 */
export function parseRfc3164(
  text: string,
  offset: number,
  receivedAtMs: number,
  needsTime: boolean,
): ParsedMessage | null {
  const front = parseFront(text, offset, receivedAtMs);
  if (front === null && needsTime) return null;
  const time = front?.time ?? null;
  let position = skipSpace(text, front?.end ?? offset);
  let hostname = front?.hostname ?? null;
  if (time && !time.closed) {
    const found = parseHost(text, position);
    hostname = found?.hostname ?? hostname;
    position = found?.end ?? position;
  }
  tag.lastIndex = position;
  const tagged = tag.exec(text);
  const rest = position + (tagged?.[0].length ?? 0);
  return {
    timestampMs: time?.timestampMs ?? null,
    hostname,
    appName: tagged?.[1] ?? null,
    procId: tagged?.[2] || front?.task || null,
    msgId: null,
    structuredData: whatTheFrontSays(time, front?.sequence),
    message: text.slice(tagged && text[rest] === ' ' ? rest + 1 : rest),
    note: time && time.timestampMs === null && !time.sinceStart ? 'timestamp is no date that exists' : null,
  };
}

/** The host's name, unless the word is the tag. ` : ` behind it (Cisco ASA) belongs to it. */
function parseHost(text: string, position: number): { hostname: string; end: number } | null {
  forwarded.lastIndex = position;
  const from = forwarded.exec(text);
  if (from) return { hostname: from[1] ?? '', end: position + from[0].length };
  host.lastIndex = position;
  const match = host.exec(text);
  if (!match || /^[^[]+\[[^\]]*\]$/.test(match[0])) return null;
  const behind = position + match[0].length;
  const end = text.startsWith(' : ', behind) ? behind + 3 : skipSpace(text, behind);
  return { hostname: match[0], end };
}

/** In the words that RFC 5424 has for it: `meta sequenceId` (section 7.3.1), `timeQuality isSynced` (section 7.1). */
function whatTheFrontSays(time: BsdTime | null, sequence: string | undefined): ParsedMessage['structuredData'] {
  if (sequence === undefined && !time?.unsynchronised) return null;
  return {
    ...(sequence !== undefined && { meta: { sequenceId: sequence } }),
    ...(time?.unsynchronised && { timeQuality: { isSynced: '0' } }),
  };
}

function skipSpace(text: string, offset: number): number {
  return text[offset] === ' ' ? offset + 1 : offset;
}
