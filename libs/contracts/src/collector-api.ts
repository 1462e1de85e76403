import { z } from 'zod';
import { apiError } from './console-api.ts';

/** Request to a collector: what its node received in a time, by that node's clock. An empty time asks for the clock alone. */
export const censusRequest = z.object({
  /** `copy`: what the node keeps of the other one's INGEST. */
  stream: z.enum(['own', 'copy']),
  fromMs: z.number().nonnegative(),
  untilMs: z.number().nonnegative(),
  /** Where the answer before left off; null: the beginning. */
  cursor: z.int().nonnegative().nullable(),
});
export type CensusRequest = z.infer<typeof censusRequest>;

/** Messages of INGEST with what is in them, in pieces that fit into a NATS message. */
export const censusAnswer = z.object({
  feed: z.enum(['dual', 'vip']),
  /** How far the node's wall clock is ahead of the store's; null: not measured. */
  clockAheadMs: z.number().nullable(),
  /** Wall clock from which on every message is kept; null: there was none ever. */
  keptSinceMs: z.number().nullable(),
  /** Wall clock of the oldest that waits for INGEST, and is not told for that; null: nothing does. */
  waitingSinceMs: z.number().nullable().default(null),
  messages: z.array(
    z.object({
      id: z.string(),
      sequence: z.int().nonnegative(),
      /** Digests and receive times as `core/ledger` writes them. */
      groups: z.array(z.object({ source: z.string(), kind: z.enum(['syslog', 'trap', 'flow']), entries: z.string() })),
    }),
  ),
  /** Where to go on; null: this was all. */
  next: z.int().nonnegative().nullable(),
});
export type CensusAnswer = z.infer<typeof censusAnswer>;

/** Request to a collector: a message of its INGEST, by its number. */
export const frameRequest = z.object({ sequence: z.int().nonnegative() });
/** Null: it is not kept any more. The frame is in hex. */
export const frameAnswer = z.object({ message: z.object({ id: z.string(), frame: z.string() }).nullable() });
export type FrameAnswer = z.infer<typeof frameAnswer>;

/** A source in a minute. `rows` is null where a datagram is not one row (flows). */
export const verifiedLine = z.object({
  source: z.string(),
  kind: z.enum(['syslog', 'trap', 'flow']),
  /** RFC 3339, the beginning of the minute. */
  minute: z.string(),
  received: z.int(),
  stored: z.int(),
  lost: z.int(),
  doubled: z.int(),
  rows: z.int().nullable(),
});
export type VerifiedLine = z.infer<typeof verifiedLine>;

/** `hotstandby ledger verify --json`. */
export const ledgerVerification = z.object({
  feed: z.enum(['dual', 'vip']),
  from: z.string(),
  /** What came later may still be on its way to the store. */
  until: z.string(),
  /**
   * `proven`: every datagram that either node kept is stored once. `broken`: some are not. `unproven`: what was seen is; what a node that
   * is away alone received is not known.
   */
  verdict: z.enum(['proven', 'broken', 'unproven']),
  totals: z.object({ received: z.int(), stored: z.int(), lost: z.int(), doubled: z.int(), unknown: z.int() }),
  nodes: z.array(
    z.object({
      name: z.string(),
      /** What it kept: all of it (`own`), what the other one has copied of it, or nothing; `fault` says why. */
      seen: z.enum(['own', 'copy', 'nothing']),
      /** Null: nothing of it was seen. */
      received: z.int().nullable(),
      /** When the last of it that was seen was received, by its clock. */
      lastSeen: z.string().nullable(),
      keptSince: z.string().nullable(),
      clockAheadMs: z.number().nullable(),
      fault: apiError.nullable(),
    }),
  ),
  lines: z.array(verifiedLine),
  /** Sentences about what the verdict leaves out. */
  notes: z.array(z.string()),
});
export type LedgerVerification = z.infer<typeof ledgerVerification>;
