import type { DatagramContext, SyslogRecord } from '../records.ts';
import { decodeText } from '../text/decode-text.ts';
import { endOfText } from './end-of-text.ts';
import type { ParsedMessage } from './parsed-message.ts';
import { parsePriority } from './priority.ts';
import { plainRfc3164 } from './plain-rfc3164.ts';
import { plainRfc5424 } from './plain-rfc5424.ts';
import { parseRfc3164 } from './rfc3164.ts';
import { looksLikeRfc5424, parseRfc5424 } from './rfc5424.ts';

/** A datagram of a syslog port as a record. Never throws: what does not parse is `raw`, with the reason and the octets. */
export function decodeSyslog(bytes: Uint8Array, context: DatagramContext): SyslogRecord {
  const { text, altered } = decodeText(bytes.subarray(0, endOfText(bytes)));
  const { facility, severity, end, fault } = parsePriority(text);
  const { receivedAtMs, sourceAddress } = context;
  const found = readMessage(text, end, fault, receivedAtMs);
  if ('fault' in found) {
    const known = { receivedAtMs, sourceAddress, facility, severity };
    return { ...nothingRead, ...known, message: text, malformed: found.fault, raw: bytes };
  }
  const { parsed, format } = found;
  const malformed = parsed.note ?? altered;
  // Written out: spreading costs as much as the parsing.
  return {
    receivedAtMs,
    sourceAddress,
    format,
    facility,
    severity,
    timestampMs: parsed.timestampMs,
    hostname: parsed.hostname,
    appName: parsed.appName,
    procId: parsed.procId,
    msgId: parsed.msgId,
    structuredData: parsed.structuredData,
    message: parsed.message,
    malformed,
    raw: malformed === null ? null : bytes,
  };
}

type Found = { format: 'rfc5424' | 'rfc3164'; parsed: ParsedMessage } | { fault: string };

function readMessage(text: string, offset: number, priFault: string | null, receivedAtMs: number): Found {
  if (text.length === 0) return { fault: 'empty' };
  if (priFault === null) {
    const modern = plainRfc5424(text, offset);
    if (modern) return { format: 'rfc5424', parsed: modern };
    const bsd = plainRfc3164(text, offset, receivedAtMs);
    if (bsd) return { format: 'rfc3164', parsed: bsd };
  }
  return readAnyMessage(text, offset, priFault, receivedAtMs);
}

/** Without the short ways of the usual messages; the same result for any text. */
export function readAnyMessage(text: string, offset: number, priFault: string | null, receivedAtMs: number): Found {
  if (priFault === null && looksLikeRfc5424(text, offset)) {
    const parsed = parseRfc5424(text, offset);
    return 'fault' in parsed ? parsed : { format: 'rfc5424', parsed };
  }
  const parsed = parseRfc3164(text, offset, receivedAtMs, priFault !== null);
  return parsed ? { format: 'rfc3164', parsed } : { fault: `${priFault}, and no time to tell a syslog message by` };
}

/** A message of which nothing could be read, without where and when it came. */
export const nothingRead: Omit<SyslogRecord, 'receivedAtMs' | 'sourceAddress'> = {
  format: 'raw',
  facility: null,
  severity: null,
  timestampMs: null,
  hostname: null,
  appName: null,
  procId: null,
  msgId: null,
  structuredData: null,
  message: '',
  malformed: null,
  raw: null,
};
