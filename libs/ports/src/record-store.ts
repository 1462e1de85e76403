import type { FlowRecord, SyslogRecord, TrapRecord } from '@hotstandby/decoders';
import type { LedgerEntry } from '@hotstandby/core/ledger';
import type { TelemetryKind } from './ingest.ts';

export type { LedgerEntry };

/** Under which reign a batch is written: the store refuses it when the reign is over. */
export interface WriteGuard {
  epoch: number;
  incarnation: string;
}

export interface RecordBatch {
  /** The message of INGEST that the rows come from, by its id: stored once, whoever delivers it again. */
  messageId: string;
  /** What the ledger is told of its datagrams: committed with the rows, or not at all. */
  ledger: {
    /** Whose sockets they came to. */
    nodeId: string;
    /** Those whose rows these are. */
    stored: LedgerEntry[];
    /** Those whose other copy an earlier tenure had stored. */
    settled: LedgerEntry[];
  };
  syslog: SyslogRecord[];
  traps: TrapRecord[];
  flows: FlowRecord[];
}

/** `stale`: the reign is over and nothing was written. `stored` counts the batches that were new. */
export type StoreOutcome = { outcome: 'stored'; batches: number; rows: number } | { outcome: 'stale' };

/** What a node that takes over must know of those before it. Final once the claim is made: stale writers are refused. */
export interface LedgerExtract {
  /** Stored by earlier tenures. */
  stored: LedgerEntry[];
  /** Settled against those by this tenure so far (a restarted collector goes on where it was). */
  settled: LedgerEntry[];
}

/** How far a tenure has come. */
export interface DeliveryProgress {
  epoch: number;
  nodeId: string;
  /** Everything that the node received before is stored; by its wall clock, ms since 1970. */
  settledBeforeMs: number;
}

/** Where records end up. One transaction a call, with the guard's check in the same message as the commit. */
export interface RecordStore {
  prepare(): Promise<void>;
  store(guard: WriteGuard, batches: RecordBatch[]): Promise<StoreOutcome>;
  /** Of datagrams that were received since then, as the tenure that began with the epoch needs it. */
  ledger(tenureEpoch: number, sinceMs: number): Promise<LedgerExtract>;
  /** Which of the messages are stored already. */
  delivered(messageIds: string[]): Promise<Set<string>>;
  /** One a node; the latest of it is kept. Does nothing when the reign is over. */
  noteProgress(guard: WriteGuard, progress: Pick<DeliveryProgress, 'nodeId' | 'settledBeforeMs'>): Promise<void>;
  /** What each node noted last. */
  progress(): Promise<DeliveryProgress[]>;
  /** Throws away records, marks of deliveries and the ledger where they are older than they need to be. */
  trim(retentionMs: number): Promise<void>;
  close(): Promise<void>;
}

/** What people read back. */
export interface RecordReader {
  last(kind: TelemetryKind, limit: number): Promise<Record<string, unknown>[]>;
  counts(): Promise<Record<TelemetryKind, number>>;
}
