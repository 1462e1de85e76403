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
  pid: z.int(),
  health: z.enum(['ok', 'degraded', 'failed']),
  /** One sentence a person understands, e.g. why it is degraded. */
  summary: z.string(),
  httpPort: z.int().nullable(),
  /** Numbers and words of the service's own, for `status`. */
  detail: z.record(z.string(), z.unknown()),
});
export type ServiceStatus = z.infer<typeof serviceStatus>;
