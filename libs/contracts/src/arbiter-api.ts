import { z } from 'zod';
import { role } from './lease-messages.ts';

/** Requests to the arbiter and what it asks of listeners. */

export const nodeSummary = z.object({
  name: z.string(),
  nodeId: z.string(),
  address: z.string(),
  consolePort: z.int(),
  serverRole: z.string(),
  lastCount: z.int(),
  /** Milliseconds since its counter was last seen to change; null: never. */
  silentMs: z.number().nullable(),
  registered: z.boolean(),
});
export type NodeSummary = z.infer<typeof nodeSummary>;

/** The shortest and the longest pause. */
export const pauseMs = { least: 1000, most: 7 * 24 * 3_600_000 } as const;

export const pauseState = z.object({
  number: z.int(),
  /** What is left of it. */
  remainingMs: z.number(),
  /** RFC 3339, the store's clock. */
  endsAt: z.string(),
  operator: z.string(),
  reason: z.string(),
});
export type PauseState = z.infer<typeof pauseState>;

/** What the policies say at this moment, as the arbiter that is asked sees it. */
export const policyState = z.object({
  /** `policy.enabled`: false: a single server without failover. */
  enabled: z.boolean(),
  failback: z.enum(['never', 'manual', 'automatic']),
  /** In a sentence, what comes next or keeps it from coming; null: nothing is due. */
  note: z.string().nullable(),
  /** Critical services of this node that cannot do their job. */
  unwell: z.array(z.object({ service: z.string(), what: z.string() })),
  /** Fields of `policy` in which the other node differs. */
  mismatch: z.array(z.string()),
});
export type PolicyState = z.infer<typeof policyState>;

/** Answer to `describe`. */
export const arbiterDescription = z.object({
  node: z.string(),
  nodeId: z.string(),
  incarnation: z.string(),
  role,
  /** In words, why the role is what it is. */
  reason: z.string(),
  epoch: z.int(),
  active: nodeSummary.nullable(),
  standby: nodeSummary.nullable(),
  nodes: z.array(nodeSummary),
  /** `ready`: the standby is registered and beating. */
  redundancy: z.enum(['ready', 'lost', 'unknown']),
  grantRemainingMs: z.number().nullable(),
  store: z.object({ reachable: z.boolean(), lastAnswerMs: z.number().nullable(), message: z.string().nullable() }),
  timing: z.object({ profile: z.string(), beatMs: z.number(), leaseTtlMs: z.number(), takeoverWaitMs: z.number() }),
  listeners: z.array(z.object({ name: z.string(), order: z.int(), deadlineMs: z.int() })),
  /** Null: no pause is on. */
  pause: pauseState.nullable().default(null),
  /** Null: an older arbiter. */
  policy: policyState.nullable().default(null),
});
export type ArbiterDescription = z.infer<typeof arbiterDescription>;

export const switchoverRequest = z.object({
  operator: z.string().max(200).default('unknown'),
  reason: z.string().max(1000).default(''),
  /** Set by an arbiter that passes the request on to its peer. */
  forwarded: z.boolean().default(false),
});
export const switchoverResult = z.object({
  done: z.boolean(),
  /** `HS_...` when not done. */
  code: z.string().nullable(),
  message: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
});
export type SwitchoverResult = z.infer<typeof switchoverResult>;

const asker = {
  operator: z.string().max(200).default('unknown'),
  reason: z.string().max(1000).default(''),
};

/** To the primary, where it is not. `force`: against `policy.failback: never` and during a pause. */
export const failbackRequest = z.object({
  ...asker,
  force: z.boolean().default(false),
  forwarded: z.boolean().default(false),
});

export const pauseRequest = z.object({ ...asker, forMs: z.int().min(pauseMs.least).max(pauseMs.most) });
export const resumeRequest = z.object({ ...asker });
export const pauseResult = z.object({
  done: z.boolean(),
  /** `HS_...` when not done. */
  code: z.string().nullable(),
  message: z.string(),
  /** The pause that is on now. */
  pause: pauseState.nullable(),
});
export type PauseResult = z.infer<typeof pauseResult>;

/**
 * `epoch`: of the reign that the operator saw and takes the lease from; when another one has begun before the request arrives,
 * nothing is taken. null: whichever is there then.
 */
export const takeoverRequest = z.object({ ...asker, epoch: z.int().min(0).nullable().default(null) });

/** A listener registers, and again at least every `ttlMs`; its registration ends with that. */
export const listenerRegistration = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  /** Lower ones are asked first; equal ones side by side. */
  order: z.int().min(0).max(1000).default(500),
  /** How long the arbiter waits for it before a planned transition. */
  deadlineMs: z.int().min(1).max(60_000),
  ttlMs: z.int().min(1000).max(3_600_000).default(30_000),
});
export type ListenerRegistration = z.infer<typeof listenerRegistration>;

/** Not registered: there are too many, or a hand-over is being prepared, for which others were asked. Ask again. */
export const listenerRegistered = z.object({
  registered: z.boolean(),
  /** Of the arbiter that says so. */
  incarnation: z.string(),
});
export type ListenerRegistered = z.infer<typeof listenerRegistered>;

/** Asked of a listener before (planned) and after every transition; `done` answers it. */
export const prepareRequest = z.object({
  phase: z.enum(['pre', 'post']),
  from: role,
  to: role,
  epoch: z.int(),
  rule: z.string(),
  /** The listener's own time in ms; the arbiter goes on without it after that. */
  deadlineMs: z.number(),
});
export type PrepareRequest = z.infer<typeof prepareRequest>;
export const prepareReply = z.object({ done: z.boolean(), message: z.string().optional() });
export type PrepareReply = z.infer<typeof prepareReply>;

/** How a service is doing: published every second, and on change. */
export const serviceStatus = z.object({
  service: z.string(),
  /** Replicas of a service differ in this. */
  instance: z.string(),
  /** The sender's monotonic clock, ms: says how old a word is that was held up on its way. */
  saidAtMs: z.number(),
  pid: z.int(),
  health: z.enum(['ok', 'degraded', 'failed']),
  /** One sentence a person understands, e.g. why it is degraded. */
  summary: z.string(),
  httpPort: z.int().nullable(),
  /** Numbers and words of the service's own, for `status`. */
  detail: z.record(z.string(), z.unknown()),
});
export type ServiceStatus = z.infer<typeof serviceStatus>;
