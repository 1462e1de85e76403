import { decodeFrame } from '@hotstandby/core/frame';
import type { IngestMessage, RecordBatch } from '@hotstandby/ports';
import type { DatagramDecoder, Records } from './decoder.ts';
import type { Replay, Share } from './replay.ts';

/** A message of INGEST with what in it is the tenure's to deliver. */
export interface OpenedMessage {
  message: IngestMessage;
  share: Share;
  /** What is wrong with the frame itself; its readable datagrams are in the share. */
  fault: string | null;
}

export function openMessage(message: IngestMessage, replay: Replay): OpenedMessage {
  const { datagrams, fault } = decodeFrame(message.frame);
  return { message, share: replay.shareOf(message, datagrams), fault };
}

/** The records of a message; null: a datagram in it waits for its template. */
export function recordsOf(
  opened: OpenedMessage,
  decoder: DatagramDecoder,
  receiver: { nodeId: string; clockAheadMs: number | null },
  final: boolean,
): RecordBatch | null {
  const records: Records = { syslog: [], traps: [], flows: [] };
  let complete = true;
  // To the end even when one waits: a datagram behind it may bring the template.
  for (const datagram of opened.share.datagrams) complete = decoder.decode(datagram, records, final) && complete;
  if (!complete) return null;
  if (opened.fault !== null) records.syslog.push(unreadable(opened, opened.fault));
  const { stored, settled } = opened.share;
  return { messageId: opened.message.id, ledger: { ...receiver, stored, settled }, ...records };
}

/** Whether the store has to know of the message at all. */
export function saysNothing(batch: RecordBatch): boolean {
  return countRecords(batch) === 0 && batch.ledger.settled.length === 0;
}

export function countRecords(batch: Records): number {
  return batch.syslog.length + batch.traps.length + batch.flows.length;
}

/** A frame that cannot be read is kept whole: nobody knows any more what was in it. */
function unreadable(opened: OpenedMessage, fault: string): Records['syslog'][number] {
  return {
    receivedAtMs: opened.share.datagrams.at(-1)?.receivedAtMs ?? 0,
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
