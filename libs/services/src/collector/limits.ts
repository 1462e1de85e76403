/** What bounds the collector's memory and patience. Not configured: tests make them smaller. */
export interface CollectorLimits {
  /** A frame is full at this many bytes; JetStream is fastest with messages of this size. */
  frameBytes: number;
  /** Frames that wait in memory for INGEST; what comes beyond that is dropped and counted. */
  queueBytes: number;
  /** Appends without an answer yet. */
  appendsInFlight: number;
  /** What deliver takes from INGEST at a time. */
  batch: { maxMessages: number; maxBytes: number };
  /** Transactions of one reader under way, and the batch that is decoded meanwhile. */
  writesAtOnce: number;
  /** How long, how many, and into how many sums flows are gathered of which only sums are stored. */
  flowWindow: { maxMs: number; maxFlows: number; maxRows: number };
  /** Flow data that waits for its template; beyond either it is stored raw. */
  waiting: { maxMs: number; maxBytes: number; maxMessages: number };
  /**
   * How far apart the two nodes may have received the copies of one datagram, by their own clocks: what those differ, and
   * how long a copy may lie in a socket's buffer.
   */
  replayReachMs: number;
  /** How far back templates are looked for in INGEST after a start. */
  templateLookBackMs: number;
  /** How long the arbiter should wait for a drain before a planned transition. */
  drainDeadlineMs: number;
  trimEveryMs: number;
  /** How often the connection to the store is touched, so that a take-over finds it open. */
  keepWarmMs: number;
  retry: { firstMs: number; maxMs: number };
}

export const defaultLimits: CollectorLimits = {
  frameBytes: 65_536,
  queueBytes: 24 * 1024 * 1024,
  appendsInFlight: 16,
  batch: { maxMessages: 32, maxBytes: 1024 * 1024 },
  writesAtOnce: 2,
  flowWindow: { maxMs: 1000, maxFlows: 1_000_000, maxRows: 131_072 },
  waiting: { maxMs: 30_000, maxBytes: 16 * 1024 * 1024, maxMessages: 400 },
  replayReachMs: 2000,
  templateLookBackMs: 5 * 60_000,
  drainDeadlineMs: 5000,
  trimEveryMs: 3_600_000,
  keepWarmMs: 5000,
  retry: { firstMs: 50, maxMs: 5000 },
};
