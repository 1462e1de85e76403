import { z } from 'zod';
import { role } from './lease-messages.ts';
import type { ServiceName } from './services.ts';
import type { Place } from './subjects.ts';

/**
 * Every fact on the ops stream by its CloudEvent type, with the shape of its data. Types are only ever added; a shape
 * only ever gets optional fields.
 */
export const eventSchemas = {
  /** Before a transition: a planned one waits for its listeners, an unplanned one does not. */
  'role.changing': z.object({ from: role, to: role, rule: z.string(), reason: z.string(), planned: z.boolean() }),
  /** After it. */
  'role.changed': z.object({
    from: role,
    to: role,
    rule: z.string(),
    reason: z.string(),
    planned: z.boolean(),
    operator: z.string().nullable(),
    evidence: z.record(z.string(), z.unknown()),
  }),
  'lease.granted': z.object({ rule: z.string(), takeoverWaitMs: z.number(), claimMs: z.number() }),
  'lease.fenced': z.object({ rule: z.string(), reason: z.string() }),
  'lease.released': z.object({ to: z.string().nullable() }),
  'beat.missed': z.object({ consecutive: z.int(), fault: z.string(), message: z.string() }),
  'clock.suspended': z.object({ forMs: z.number() }),
  'clock.stepped': z.object({ byMs: z.number() }),
  'store.lost': z.object({ fault: z.string(), message: z.string() }),
  'store.found': z.object({ awayMs: z.number() }),
  'store.foreign': z.object({ message: z.string() }),
  'store.went-back': z.object({ seenEpoch: z.int(), highestEpoch: z.int() }),
  'store.other-timeline': z.object({
    timeline: z.string(),
    claimedOn: z.string().nullable(),
    seenEpoch: z.int(),
    highestEpoch: z.int(),
  }),
  'store.unsettled': z.object({ doubt: z.string(), waitingFor: z.string() }),
  'peer.lost': z.object({ peer: z.string(), silentMs: z.number() }),
  'peer.found': z.object({ peer: z.string() }),
  'standby.registered': z.object({ standby: z.string(), name: z.string() }),
  'standby.lost': z.object({ standby: z.string(), name: z.string(), silentMs: z.number() }),
  'standby.refused': z.object({ registered: z.string(), reason: z.string() }),
  'pause.begun': z.object({
    number: z.int(),
    endsAt: z.string(),
    forMs: z.number(),
    operator: z.string(),
    reason: z.string(),
  }),
  'pause.ended': z.object({
    number: z.int(),
    how: z.enum(['elapsed', 'resumed']),
    operator: z.string().nullable(),
  }),
  'policy.waiting': z.object({ rule: z.string(), why: z.string() }),
  'policy.mismatch': z.object({ peer: z.string(), fields: z.array(z.string()) }),
  'workload.failed': z.object({ check: z.string(), code: z.string(), message: z.string() }),
  'workload.recovered': z.object({ check: z.string(), failedMs: z.number() }),
  'listener.late': z.object({ listener: z.string(), phase: z.enum(['pre', 'post']), deadlineMs: z.number() }),
  'binding.bound': z.object({ mode: z.string(), addresses: z.array(z.string()), interface: z.string().nullable() }),
  'binding.released': z.object({ mode: z.string(), addresses: z.array(z.string()), reason: z.string() }),
  'binding.failed': z.object({ code: z.string(), message: z.string(), cure: z.string() }),
  'sync.completed': z.object({ files: z.int(), bytes: z.number(), changed: z.int(), durationMs: z.number() }),
  'sync.failed': z.object({ code: z.string(), message: z.string(), cure: z.string() }),
  'sync.conflict': z.object({ path: z.string(), keptAs: z.string() }),
  'collector.listening': z.object({
    kind: z.string(),
    transport: z.enum(['udp', 'tcp', 'tls']).optional(),
    address: z.string(),
    port: z.int(),
  }),
  'collector.delivering': z.object({ consumer: z.string() }),
  'collector.dropped': z.object({ kind: z.string(), count: z.int(), where: z.string(), code: z.string().optional() }),
  'collector.refused': z.object({
    kind: z.string(),
    source: z.string().nullable(),
    reason: z.enum(['not allowed', 'too many', 'connections', 'stream', 'tls']),
    count: z.int(),
  }),
  'collector.failed': z.object({ code: z.string(), message: z.string(), cure: z.string() }),
  'sender.stale': z.object({
    source: z.string(),
    via: z.string(),
    count: z.int(),
    firstSeen: z.string(),
    instead: z.array(z.string()),
  }),
  'mail.sent': z.object({ alert: z.string(), kind: z.string(), to: z.array(z.string()), subject: z.string() }),
  'mail.failed': z.object({ alert: z.string(), code: z.string(), message: z.string(), cure: z.string() }),
  'service.started': z.object({ service: z.string(), version: z.string(), instance: z.string() }),
  'service.stopped': z.object({ service: z.string(), instance: z.string() }),
  'service.failed': z.object({ service: z.string(), code: z.string(), message: z.string() }),
} as const;

export type EventType = keyof typeof eventSchemas;
export type EventData<Type extends EventType> = z.infer<(typeof eventSchemas)[Type]>;

/** The CloudEvents 1.0 envelope (JSON format, section 2) that all of them come in. */
export const cloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(200),
  source: z.string(),
  type: z.string(),
  subject: z.string().optional(),
  time: z.string(),
  datacontenttype: z.string().optional(),
  data: z.unknown(),
  epoch: z.int().optional(),
  rule: z.string().optional(),
});

/** The emitting node's wall clock in ms since 1970; null when `time` is no RFC 3339 time. */
export function eventWallMs(event: { time: string }): number | null {
  const wallMs = Date.parse(event.time);
  return Number.isFinite(wallMs) ? wallMs : null;
}

/** What a fact may carry beside its data. */
export interface EventExtras {
  /** A stable id when the same fact may be told twice (it is then stored once); random otherwise. */
  id?: string;
  subject?: string;
  epoch?: number;
  rule?: string;
}

/** Tells a fact: resolves when the node's own server has it; never rejects (an outage is waited out, bounded). */
export type Emit = <Type extends EventType>(type: Type, data: EventData<Type>, extras?: EventExtras) => Promise<void>;

/** The CloudEvent for a fact. `id` and `wallMs` come from the caller: nothing here makes chance or time. */
export function makeEvent<Type extends EventType>(
  from: Place & { service: ServiceName },
  type: Type,
  data: EventData<Type>,
  made: { id: string; wallMs: number },
  extras: Omit<EventExtras, 'id'> = {},
): z.infer<typeof cloudEvent> {
  return {
    specversion: '1.0',
    id: made.id,
    source: `/hotstandby/${from.cluster}/${from.node}/${from.service}`,
    type,
    time: new Date(made.wallMs).toISOString(),
    datacontenttype: 'application/json',
    data,
    ...extras,
  };
}
