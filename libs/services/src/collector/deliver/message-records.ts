import { decodeFrame } from '@hotstandby/core/frame';
import type { Datagram, IngestMessage, RecordBatch } from '@hotstandby/ports';
import type { DatagramDecoder, Records } from './decoder.ts';
import type { TenureStart } from './tenure-start.ts';

/** A message of INGEST with its datagrams, as far as they belong to the tenure. */
export interface OpenedMessage {
  message: IngestMessage;
  datagrams: Datagram[];
  /** Datagrams of before the tenure: left out. */
  skipped: number;
  /** What is wrong with the frame itself; its readable datagrams are in `datagrams`. */
  fault: string | null;
}

export function openMessage(message: IngestMessage, start: TenureStart): OpenedMessage {
  const { datagrams, fault } = decodeFrame(message.frame);
  const own = start.own(datagrams);
  return { message, datagrams: own, skipped: datagrams.length - own.length, fault };
}

/** The records of a message; null: a datagram in it waits for its template. */
export function recordsOf(
  opened: OpenedMessage,
  decoder: DatagramDecoder,
  nodeId: string,
  final: boolean,
): RecordBatch | null {
  const records: Records = { syslog: [], traps: [], flows: [] };
  let complete = true;
  // To the end even when one waits: a datagram behind it may bring the template.
  for (const datagram of opened.datagrams) complete = decoder.decode(datagram, records, final) && complete;
  if (!complete) return null;
  if (opened.fault !== null) records.syslog.push(unreadable(opened, opened.fault));
  const { streamId, sequence } = opened.message;
  return { origin: { nodeId, streamId, sequence }, ...records };
}

export function countRecords(batch: Records): number {
  return batch.syslog.length + batch.traps.length + batch.flows.length;
}

/** A frame that cannot be read is kept whole: nobody knows any more what was in it. */
function unreadable(opened: OpenedMessage, fault: string): Records['syslog'][number] {
  return {
    receivedAtMs: opened.datagrams.at(-1)?.receivedAtMs ?? 0,
    sourceAddress: '0.0.0.0',
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
    malformed: `message ${opened.message.sequence} of INGEST is not a whole frame: ${fault}`,
    raw: opened.message.frame,
  };
}
