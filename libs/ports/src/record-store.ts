import type { FlowColumns, FlowRecord, SyslogColumns, SyslogRecord, TrapRecord } from '@hotstandby/decoders';
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
    /** How far the node's wall clock is ahead of the store's; null: not measured. */
    clockAheadMs: number | null;
  };
  syslog: SyslogRecord[];
  /** More messages; good until `stage` returns. */
  syslogColumns?: SyslogColumns | null;
  traps: TrapRecord[];
  flows: FlowRecord[];
  /** More flows; good until `stage` returns. Where they hold only what is summed, `sumsOnly` is set. */
  columns?: FlowColumns | null;
  /** Flows are only summed by minute; those that could not be read are stored in any case. */
  sumsOnly?: boolean;
}

/**
 * The rows of a message as its store wants them, until they are committed. Made at once, so that the records need not be
 * kept; the store that made it is the only one that can read it.
 */
export interface StagedBatch {
  readonly messageId: string;
  /** How many records. */
  readonly rows: number;
  /** How many datagrams were left out, because their other copy was stored. */
  readonly settled: number;
}

/** Flows of several batches, added up where the store can: they take less room so, and can then only be stored all at once. */
export interface GatheredSums {
  readonly flows: number;
  /** How many sums they are so far, about. */
  readonly rows: number;
}

/**
 * `stale`: the reign is over and nothing was written. `replaced`: nothing either, for another collector of the node settles
 * the take-over now. `known`: nothing either, for these messages were stored before, and what was gathered with them cannot
 * be told from it. `stored` counts the batches that were new.
 */
export type StoreOutcome =
  | { outcome: 'stored'; batches: number; rows: number }
  | { outcome: 'stale' }
  | { outcome: 'replaced' }
  | { outcome: 'known'; messageIds: ReadonlySet<string> };

/** The settling of a take-over by one of a node's collectors. */
export interface ReplayClaim {
  nodeId: string;
  tenureEpoch: number;
  /** Of the process. */
  owner: string;
}

/** `mine`: until another one takes it, which it may when it was not renewed for a while. `done`: nothing is left to settle. */
export type ReplayTurn = 'mine' | 'another' | 'done';

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
  /** Everything that the node received before is stored, but for what `ownFromMs` says; by its wall clock, ms since 1970. */
  settledBeforeMs: number;
  /** From when on nobody has compared yet what the node received before its tenure; by the store's clock. Null: all is. */
  ownFromMs: number | null;
  /** How far that clock was ahead of the store's; null: not measured. */
  clockAheadMs: number | null;
  /**
   * Everything that the other node received before is stored; by the store's clock. Null, where it is written: as it was
   * noted before, and where it is read: nobody has looked. It never goes back.
   */
  otherBeforeMs: number | null;
}

/** How long what is stored is kept, in ms. */
export interface Retention {
  syslogMs: number;
  trapMs: number;
  flowMs: number;
  /** Sums by minute. */
  minuteMs: number;
}

/** Where records end up. One transaction a call, with the guard's check in the same message as the commit. */
export interface RecordStore {
  prepare(): Promise<void>;
  /** `epoch`: of the reign under which it will most likely be stored. Never throws, whatever the values are. */
  stage(batch: RecordBatch, epoch: number): StagedBatch;
  /**
   * Adds the sums of a batch to those of others, which are stored with the last of them: from now on `store` wants all of
   * these batches in one call.
   */
  gather(batch: StagedBatch, into: GatheredSums | null): GatheredSums;
  /** With `replay` only as long as the turn is this owner's, which it renews. */
  store(guard: WriteGuard, batches: StagedBatch[], replay?: ReplayClaim): Promise<StoreOutcome>;
  /** The store's wall clock at some moment between the question and its answer, ms since 1970. */
  clockMs(): Promise<number>;
  /**
   * Of datagrams that were received since then, as the tenure that began with the epoch needs it. Times in and out are of a
   * wall clock that is `clockAheadMs` ahead of the store's.
   */
  ledger(tenureEpoch: number, sinceMs: number, clockAheadMs: number): Promise<LedgerExtract>;
  /** Takes or renews the turn; `done` ends the settling for good. `another` also when the reign is over. */
  replayTurn(guard: WriteGuard, claim: ReplayClaim, done: boolean): Promise<ReplayTurn>;
  /** Which of the messages are stored already. */
  delivered(messageIds: string[]): Promise<Set<string>>;
  /** One a node; the latest of it is kept. Does nothing when the reign is over. */
  noteProgress(guard: WriteGuard, progress: Omit<DeliveryProgress, 'epoch'>): Promise<void>;
  /** What each node noted last. */
  progress(): Promise<DeliveryProgress[]>;
  /** Throws away records, sums, marks of deliveries and the ledger where they are older than they need to be. */
  trim(retention: Retention): Promise<void>;
  close(): Promise<void>;
}

/** What people read back. */
export interface RecordReader {
  last(kind: TelemetryKind, limit: number): Promise<Record<string, unknown>[]>;
  counts(): Promise<Record<TelemetryKind, number>>;
}

/** What is stored of a source in a minute of its receiver's clock. */
export interface StoredCount {
  kind: TelemetryKind;
  source: string;
  /** Minutes since 1970. */
  minute: number;
  rows: number;
}

/** One commit's part of the ledger. */
export interface LedgerLine {
  epoch: number;
  nodeId: string;
  clockAheadMs: number | null;
  stored: LedgerEntry[];
}

/** For whoever checks what was stored. Throws `StoreError`. */
export interface LedgerReader {
  progress(): Promise<DeliveryProgress[]>;
  /** Commits with datagrams of that time, by the store's clock, one after the other. */
  lines(fromMs: number, untilMs: number): AsyncIterable<LedgerLine>;
  /** Which of the messages are stored. */
  delivered(messageIds: string[]): Promise<Set<string>>;
  /** Rows of that time, by the clocks of those who received them. */
  counts(fromMs: number, untilMs: number): Promise<StoredCount[]>;
  close(): Promise<void>;
}
