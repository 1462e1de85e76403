import type { FlowRecord, SyslogRecord, TrapRecord } from '@hotstandby/decoders';
import type { TelemetryKind } from './ingest.ts';

/** Under which reign a batch is written: the store refuses it when the reign is over. */
export interface WriteGuard {
  epoch: number;
  incarnation: string;
}

export interface RecordBatch {
  /** Messages of INGEST that the rows come from: stored once each, whoever delivers them again. */
  origin: { nodeId: string; streamId: string; sequence: number };
  syslog: SyslogRecord[];
  traps: TrapRecord[];
  flows: FlowRecord[];
}

/** `stale`: the reign is over and nothing was written. `stored` counts the batches that were new. */
export type StoreOutcome = { outcome: 'stored'; batches: number; rows: number } | { outcome: 'stale' };

/** Where records end up. One transaction a call, with the guard's check in the same message as the commit. */
export interface RecordStore {
  prepare(): Promise<void>;
  store(guard: WriteGuard, batches: RecordBatch[]): Promise<StoreOutcome>;
  /** Throws away deliveries' marks and records older than the retention. */
  trim(retentionMs: number): Promise<void>;
  close(): Promise<void>;
}

/** What people read back. */
export interface RecordReader {
  last(kind: TelemetryKind, limit: number): Promise<Record<string, unknown>[]>;
  counts(): Promise<Record<TelemetryKind, number>>;
}
