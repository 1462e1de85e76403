import type { SyslogRecord } from '../records.ts';
import { spanNames, spanNumbers, type SpanName, type SyslogColumns } from './syslog-columns.ts';

const ascii = new TextDecoder();

/** Rows as the records that `decodeSyslog` would have given: for a store that wants records. */
export function recordsOfSyslog(columns: SyslogColumns): SyslogRecord[] {
  return Array.from({ length: columns.count }, (_, row) => recordOf(columns, row));
}

function recordOf(columns: SyslogColumns, row: number): SyslogRecord {
  const text = (name: SpanName): string => {
    const at = row * spanNumbers + 2 * spanNames.indexOf(name);
    return ascii.decode(columns.octets.subarray(columns.spans[at], columns.spans[at + 1]));
  };
  const json = ascii.decode(columns.json.subarray(columns.jsonStart(row), columns.jsonEnd[row]));
  const timestampMs = columns.timestampMs[row] ?? NaN;
  return {
    receivedAtMs: columns.receivedAtMs[row] ?? 0,
    sourceAddress: columns.sourceAddress[row] ?? '',
    format: columns.isRfc5424[row] === 1 ? 'rfc5424' : 'rfc3164',
    facility: columns.facility[row] ?? 0,
    severity: columns.severity[row] ?? 0,
    timestampMs: Number.isNaN(timestampMs) ? null : timestampMs,
    hostname: text('hostname') || null,
    appName: text('appName') || null,
    procId: text('procId') || null,
    msgId: text('msgId') || null,
    structuredData: json === '' ? null : (JSON.parse(json) as SyslogRecord['structuredData']),
    message: text('message'),
    malformed: null,
    raw: null,
  };
}
