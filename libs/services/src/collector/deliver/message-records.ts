import { decodeFrame } from '@hotstandby/core/frame';
import { nothingRead, type FlowColumns, type SyslogColumns } from '@hotstandby/decoders';
import type { DeliveredDatagram, IngestMessage, RecordStore, StagedBatch } from '@hotstandby/ports';
import type { DatagramDecoder, Records } from './decoder.ts';
import type { Replay, Share } from './replay.ts';
import type { Sinks, StagedForSinks } from './sinks.ts';

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

/** A message whose rows are ready to be stored. */
export interface ReadyMessage {
  /** Without its frame, which is not needed any more. */
  message: Pick<IngestMessage, 'id' | 'ack' | 'retry'>;
  /** Datagrams in it that earlier tenures have dealt with. */
  before: number;
  batch: StagedBatch;
  /** What the sinks beside the store get. */
  forSinks: StagedForSinks;
  tally: Tally;
  /** Flows that are only summed. */
  summed: number;
  /** Flows that columns held, and flows that had to be records. */
  flows: { inColumns: number; asRecords: number };
}

export const kindsOfRecords = ['syslog', 'trap', 'flow'] as const;

/** What a message holds, by kind. */
export type Tally = Record<(typeof kindsOfRecords)[number], { records: number; malformed: number }>;

export interface Reading {
  decoder: DatagramDecoder;
  store: Pick<RecordStore, 'stage'>;
  sinks: Sinks;
  /** False: the store gets flows only to sum them. */
  rawFlows: boolean;
  /** Used again for every message; null: some sink wants records. */
  columns: FlowColumns | null;
  /** The same of syslog. */
  syslogColumns: SyslogColumns | null;
  receiver: { nodeId: string; clockAheadMs: number | null };
  epoch: number;
}

/** The rows of a message; null: a datagram in it waits for its template. `final`: no longer. */
export function readMessage(opened: OpenedMessage, reading: Reading, final: boolean): ReadyMessage | null {
  const { decoder, store, sinks, rawFlows, columns, syslogColumns, receiver, epoch } = reading;
  columns?.truncate(0);
  syslogColumns?.clear();
  const records = emptyRecords(columns, syslogColumns);
  const delivered: DeliveredDatagram[] = [];
  let complete = true;
  // To the end even when one waits: a datagram behind it may bring the template.
  for (const [index, datagram] of opened.share.datagrams.entries()) {
    const own = sinks.any() ? emptyRecords(columns, syslogColumns) : records;
    complete = decoder.decode(datagram, own, final) && complete;
    if (own === records) continue;
    const { syslog, traps, flows } = own;
    delivered.push({ datagram, digest: opened.share.stored[index]?.digest ?? null, syslog, traps, flows });
    addRecords(own, records);
  }
  if (!complete) return null;
  const forSinks = sinks.any() ? sinks.stage({ messageId: opened.message.id, epoch, datagrams: delivered }) : [];
  if (opened.fault !== null) records.syslog.push(unreadable(opened, opened.fault));
  const { stored, settled } = opened.share;
  const ledger = { ...receiver, stored, settled };
  const inColumns = columns?.count ?? 0;
  const flow = tallyOf(records.flows, inColumns);
  const { id, ack, retry } = opened.message;
  return {
    message: { id, ack, retry },
    before: opened.share.before,
    summed: rawFlows ? 0 : flow.records - flow.malformed,
    flows: { inColumns, asRecords: records.flows.length },
    forSinks,
    batch: store.stage({ messageId: opened.message.id, ledger, ...records, sumsOnly: !rawFlows }, epoch),
    tally: { syslog: tallyOf(records.syslog, syslogColumns?.count), trap: tallyOf(records.traps), flow },
  };
}

function emptyRecords(columns: FlowColumns | null, syslogColumns: SyslogColumns | null): Records {
  return { syslog: [], traps: [], flows: [], columns, syslogColumns };
}

/** Columns are the same. */
function addRecords(from: Records, to: Records): void {
  for (const record of from.syslog) to.syslog.push(record);
  for (const record of from.traps) to.traps.push(record);
  for (const record of from.flows) to.flows.push(record);
}

/** Whether the store has to know of the message at all. */
export function saysNothing(batch: StagedBatch): boolean {
  return batch.rows === 0 && batch.settled === 0;
}

function tallyOf(records: { malformed: string | null }[], others = 0): Tally['syslog'] {
  let malformed = 0;
  for (const record of records) if (record.malformed !== null) malformed++;
  return { records: records.length + others, malformed };
}

/** A frame that cannot be read is kept whole: nobody knows any more what was in it. */
function unreadable(opened: OpenedMessage, fault: string): Records['syslog'][number] {
  return {
    ...nothingRead,
    receivedAtMs: opened.share.datagrams.at(-1)?.receivedAtMs ?? 0,
    sourceAddress: '0.0.0.0',
    malformed: `message ${opened.message.sequence} of INGEST is not a whole frame: ${fault}`,
    raw: opened.message.frame,
  };
}
