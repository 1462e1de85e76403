import { z } from 'zod';
import { arbiterDescription, serviceStatus } from './arbiter-api.ts';
import { cloudEvent } from './events.ts';

/** What the console answers over HTTP, and the CLI with `--json`. Fields are only ever added. */

/** Every error, of every address: `code` is one of docs/errors.md. */
export const apiError = z.object({ code: z.string(), message: z.string(), cure: z.string() });
export type ApiError = z.infer<typeof apiError>;

export const activeNode = z.object({
  name: z.string(),
  address: z.string(),
  consolePort: z.int(),
});
export type ActiveNode = z.infer<typeof activeNode>;

/** `GET /health/active`: 200 on the active; 503 elsewhere, with the active's address, or null when it is not known. */
export const activeAnswer = z.object({
  active: z.boolean(),
  node: z.string(),
  role: z.string().nullable(),
  epoch: z.int().nullable(),
  activeNode: activeNode.nullable(),
});
export type ActiveAnswer = z.infer<typeof activeAnswer>;

export const serviceSeen = serviceStatus.extend({
  /** Milliseconds since it last said so. */
  ageMs: z.number(),
});
export type ServiceSeen = z.infer<typeof serviceSeen>;

export const nodeStatus = z.object({
  name: z.string(),
  address: z.string(),
  /** The node whose NATS server was asked. */
  asked: z.boolean(),
  /** Null: it could not be asked; `fault` says why. */
  arbiter: arbiterDescription.nullable(),
  fault: apiError.nullable(),
  services: z.array(serviceSeen),
});
export type NodeStatus = z.infer<typeof nodeStatus>;

export const recordCounts = z.object({ syslog: z.int(), trap: z.int(), flow: z.int() });
export type RecordCounts = z.infer<typeof recordCounts>;

/** `GET /api/status`. It is answered within a bounded time, whatever is away: what could not be asked is null with a fault. */
export const pairStatus = z.object({
  cluster: z.string(),
  /** RFC 3339, the answering host's wall clock. */
  at: z.string(),
  version: z.string(),
  active: activeNode.nullable(),
  /** The highest epoch that anybody named; null: nobody did. */
  epoch: z.int().nullable(),
  redundancy: z.enum(['ready', 'lost', 'unknown']),
  bus: z.object({ connected: z.boolean() }),
  store: z.object({ reachable: z.boolean(), records: recordCounts.nullable(), fault: apiError.nullable() }),
  nodes: z.array(nodeStatus),
  /** The newest ones, oldest first. */
  events: z.array(cloudEvent),
});
export type PairStatus = z.infer<typeof pairStatus>;

const staleSender = z.object({
  source: z.string(),
  /** `syslog`, `trap`, `flow` or `http`. */
  via: z.string(),
  /** Since the node is not active. */
  count: z.int(),
  firstSeen: z.string(),
  lastSeen: z.string(),
});
/** `staleSenders` in the status of a service: who still sends to its node, which is not active. */
export const staleSenders = z.object({ senders: z.array(staleSender), more: z.int() });
export type StaleSenders = z.infer<typeof staleSenders>;

/** `GET /api/stale-senders`: of both nodes, the last seen first; `more` are not listed. */
export const staleSendersAnswer = z.object({
  senders: z.array(staleSender.extend({ node: z.string(), service: z.string() })),
  more: z.int(),
});
export type StaleSendersAnswer = z.infer<typeof staleSendersAnswer>;

/** A line of `GET /api/history`, newest first. */
export const transitionLine = z.object({
  id: z.string(),
  node: z.string(),
  nodeId: z.string(),
  epoch: z.int(),
  from: z.string(),
  to: z.string(),
  rule: z.string(),
  evidence: z.record(z.string(), z.unknown()),
  operator: z.string().nullable(),
  at: z.string(),
});
export const historyAnswer = z.object({ transitions: z.array(transitionLine) });
export type HistoryAnswer = z.infer<typeof historyAnswer>;

/** Kinds of records as people name them, in addresses and on the command line. */
export const recordKinds = ['syslog', 'traps', 'flows'] as const;
export type RecordKind = (typeof recordKinds)[number];

/** `GET /api/records/:kind`, newest first; the fields are the columns of the kind's table. */
export const recordsAnswer = z.object({
  kind: z.enum(recordKinds),
  records: z.array(z.record(z.string(), z.unknown())),
});
export type RecordsAnswer = z.infer<typeof recordsAnswer>;

const last = z.coerce.number().int().min(1).max(1000);

/** Parameters, validated before anything is asked. */
export const historyQuery = z.object({ last: last.default(20) });
export const recordsQuery = z.object({ kind: z.enum(recordKinds), last: last.default(10) });
export const eventsQuery = z.object({
  /** Only what came after the event of this id. */
  after: z.string().min(1).max(200).optional(),
  /** How many of the newest to begin with, when `after` is not given. */
  last: z.coerce.number().int().min(0).max(1000).default(0),
  /** Comma-separated event types; all when absent. */
  types: z
    .string()
    .regex(/^[a-z][a-z.,-]{0,500}$/, 'event types, comma-separated')
    .transform((list) => list.split(',').filter((type) => type !== ''))
    .optional(),
});
