import { z } from 'zod';

/** Messages between heartbeat, arbiter and the gates. Times named `...Ms` without `Wall` are CLOCK_MONOTONIC of the host. */

const epoch = z.int().nonnegative();

export const reign = z.object({
  epoch,
  holder: z.string().nullable(),
  holderIncarnation: z.string().nullable(),
  lastHolder: z.string().nullable(),
  standby: z.string().nullable(),
  standbyIncarnation: z.string().nullable(),
  membership: z.int().nonnegative(),
  handoverTo: z.string().nullable(),
  tenureEpoch: epoch,
  timeline: z.string().nullable(),
});

export const remembered = z.object({ epoch, membership: z.int().nonnegative() });

export const serverRole = z.enum(['PRIMARY', 'STANDBY', 'STARTING', 'REFUSED']);

export const nodeRow = z.object({
  nodeId: z.string(),
  name: z.string(),
  incarnation: z.string(),
  hostAddress: z.string(),
  consolePort: z.int(),
  natsPort: z.int(),
  lastCount: z.int().nonnegative(),
  serverRole,
  standbyServerName: z.string().nullable(),
  version: z.string(),
  timeZone: z.string(),
  epoch: epoch.nullable(),
  remembers: remembered,
});

export const pause = z.object({
  number: z.int().nonnegative(),
  remainingMs: z.number().nonnegative(),
  endsAt: z.string(),
  operator: z.string(),
  reason: z.string(),
});

export const storeView = z.object({
  reign,
  nodes: z.array(nodeRow).max(64),
  pause: pause.nullable().default(null),
  storeIncarnation: z.string(),
  timeline: z.string(),
});

export const storeFault = z.enum([
  'unreachable',
  'refused',
  'unknown',
  'foreign',
  'newer-schema',
  'read-only',
  'insecure',
]);

/** One round trip to the store, or its failure. `sentAtMs` dates a grant, `receivedAtMs` starts a wait. */
export const observation = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('seen'),
    sentAtMs: z.number(),
    receivedAtMs: z.number(),
    /** Rises whenever heartbeat (re)connects to the store; with the process's own random id in front. */
    connection: z.string(),
    /** The store's own random id. */
    storeId: z.string(),
    beat: z
      .object({
        outcome: z.enum(['renewed', 'overtaken', 'other-timeline', 'ended']),
        incarnation: z.string(),
        epoch: epoch.nullable(),
        count: z.int(),
      })
      .nullable(),
    view: storeView,
  }),
  z.object({
    kind: z.literal('failed'),
    sentAtMs: z.number(),
    receivedAtMs: z.number(),
    fault: storeFault,
    message: z.string(),
  }),
]);
export type Observation = z.infer<typeof observation>;

/** The arbiter's leave to beat. Heartbeat stops beating when the newest one has lapsed. */
export const permit = z.object({
  incarnation: z.string(),
  nodeId: z.string(),
  epoch: epoch.nullable(),
  serverRole,
  /** The timeline under which the reign was confirmed; null: a beat is only a sign of life, promises count all the same. */
  timeline: z.string().nullable(),
  /** What the node's row says that it remembers. */
  remembers: remembered,
  untilMs: z.number(),
  /** Whose promise would renew the grant; null: nobody's. */
  voter: z.object({ nodeId: z.string(), incarnation: z.string() }).nullable(),
});
export type Permit = z.infer<typeof permit>;

/** Asked by the active of its registered standby: not to claim for takeoverWait from now. */
export const promiseRequest = z.object({
  epoch,
  holder: z.string(),
  holderIncarnation: z.string(),
  standby: z.string(),
  standbyIncarnation: z.string(),
});
export type PromiseRequest = z.infer<typeof promiseRequest>;

/** `refused` is null when it was promised. */
export const promiseAnswer = z.object({ refused: z.string().nullable() });
export type PromiseAnswer = z.infer<typeof promiseAnswer>;

/** A promise that heartbeat received; dated by the sending of its request. */
export const promisedMessage = z.object({ sentAtMs: z.number(), asked: promiseRequest });
export type PromisedMessage = z.infer<typeof promisedMessage>;

/** One lease statement, to be sent before `deadlineMs` or not at all. */
export const order = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('enter'),
    deadlineMs: z.number(),
    row: nodeRow.omit({ lastCount: true, epoch: true, standbyServerName: true }),
    /** The incarnation that was seen in the row; null: there was none. */
    replaces: z.string().nullable(),
  }),
  z.object({
    do: z.literal('claim'),
    deadlineMs: z.number(),
    nodeId: z.string(),
    incarnation: z.string(),
    seen: reign,
    seenHolderCount: z.int().nullable(),
    timeline: z.string(),
    storeIncarnation: z.string(),
    rebase: z.object({ epoch, membership: z.int(), tenureEpoch: epoch }).nullable(),
  }),
  z.object({
    do: z.literal('register'),
    deadlineMs: z.number(),
    epoch,
    incarnation: z.string(),
    membership: z.int(),
    standby: z.string().nullable(),
    standbyIncarnation: z.string().nullable(),
    forget: z.string().nullable(),
  }),
  z.object({
    do: z.literal('readopt'),
    deadlineMs: z.number(),
    nodeId: z.string(),
    incarnation: z.string(),
    seen: reign,
  }),
  z.object({
    do: z.literal('release'),
    deadlineMs: z.number(),
    epoch,
    incarnation: z.string(),
    handoverTo: z.string().nullable(),
  }),
  z.object({
    do: z.literal('pause'),
    deadlineMs: z.number(),
    seenNumber: z.int().nonnegative(),
    forMs: z.int().nonnegative(),
    operator: z.string(),
    reason: z.string(),
  }),
  /** Look at the store now instead of at the next beat. */
  z.object({ do: z.literal('look'), deadlineMs: z.number() }),
]);
export type Order = z.infer<typeof order>;

/**
 * `done`: carried out, `reign` is the row afterwards. `refused`: the store said that something else holds now.
 * `not-sent`: too late or no connection, so it never happens. `unknown`: it may have happened.
 */
export const orderResult = z.object({
  outcome: z.enum(['done', 'refused', 'not-sent', 'unknown']),
  sentAtMs: z.number(),
  receivedAtMs: z.number(),
  reign: reign.nullable(),
  message: z.string().optional(),
});
export type OrderResult = z.infer<typeof orderResult>;

export const roles = ['starting', 'standby', 'active', 'fenced', 'paused', 'refused', 'stopped'] as const;
export const role = z.enum(roles);
export type Role = z.infer<typeof role>;

/** What a role gate holds. Without `epoch` the gate is shut. */
export const grant = z.object({
  role,
  nodeId: z.string(),
  incarnation: z.string(),
  epoch: epoch.nullable(),
  /** The grant ends here, whatever happens; the next message may move it. */
  deadlineMs: z.number(),
  /** Since when this node's reigns follow each other without another node's between: what it received since is its own to deliver. */
  tenure: z.object({ epoch, startedAtWallMs: z.number() }).nullable(),
});
export type Grant = z.infer<typeof grant>;
