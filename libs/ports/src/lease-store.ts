import type { NodeRow, Pause, Reign, Remembered, ServerRole, StoreView } from '@hotstandby/core/lease';

export type { NodeRow, Pause, Reign, Remembered, ServerRole, StoreView };

export interface EnterRequest extends Omit<NodeRow, 'lastCount' | 'epoch' | 'standbyServerName'> {
  /** The incarnation that the node saw in its row; null: there was no row. */
  replaces: string | null;
}

export interface BeatRequest {
  nodeId: string;
  incarnation: string;
  /** The epoch under which the node beats as the active; null: only a sign of life. */
  epoch: number | null;
  /** The counter's next value, chosen by the writer, always higher than every one before. */
  count: number;
  serverRole: ServerRole;
  /** The timeline under which the reign of `epoch` was confirmed: on another one the beat changes nothing. Not compared for a sign of life. */
  timeline: string | null;
  remembers: Remembered;
}

/**
 * `renewed`: the row was changed and holds exactly `count`.
 * `overtaken`: the row matches but already holds a counter as high: nothing is renewed, nothing ended; beat on from `lastCount`.
 * `other-timeline`: the server goes on with another history than the one said; nothing was changed, and nothing is ended yet.
 * `ended`: no row matches: the reign (or this incarnation) is over.
 */
export type BeatOutcome = 'renewed' | 'overtaken' | 'other-timeline' | 'ended';

export interface BeatResult {
  outcome: BeatOutcome;
  /** The counter as the row holds it now. */
  lastCount: number;
  view: StoreView;
}

/** Everything the claimer saw; the store compares all of it and changes nothing when one value differs. */
export interface ClaimRequest {
  nodeId: string;
  incarnation: string;
  seen: Reign;
  /** The holder's counter as last seen; null when nobody holds the lease. */
  seenHolderCount: number | null;
  /** The store's timeline as seen: on another one nothing is changed. */
  timeline: string;
  /**
   * The server as seen. One that was restarted since may have forgotten beats, so that a counter is what it was: it carries
   * nothing out. Not given: whichever answers.
   */
  storeIncarnation?: string;
  /** Null: the next epoch, and `seen` must be of this timeline. Else the lease is re-based: what the new reign says. */
  rebase: { epoch: number; membership: number; tenureEpoch: number } | null;
}

export interface RegisterRequest {
  /** The active that changes the membership, under its epoch. */
  epoch: number;
  incarnation: string;
  membership: number;
  /** The new standby; null empties the place. */
  standby: string | null;
  standbyIncarnation: string | null;
  /** Delete the row of the node that leaves the place (a dead one), as the seeds do. */
  forget: string | null;
}

export interface ReadoptRequest {
  nodeId: string;
  incarnation: string;
  seen: Reign;
}

export interface ReleaseRequest {
  epoch: number;
  incarnation: string;
  handoverTo: string | null;
}

export interface PauseRequest {
  /** The newest pause's number as it was seen; 0: there never was one. */
  seenNumber: number;
  /** From now, by the store's clock; 0 ends the present one. */
  forMs: number;
  operator: string;
  reason: string;
}

/** One line of the history that people read. */
export interface Transition {
  id: string;
  node: string;
  nodeId: string;
  epoch: number;
  from: string;
  to: string;
  rule: string;
  /** What the rule saw, as JSON. */
  evidence: Record<string, unknown>;
  operator: string | null;
  /** RFC 3339, the writing node's wall clock. */
  at: string;
}

/**
 * Why a statement gave no answer. Only `unknown` may have been carried out. `unreachable`: it never got there, or the
 * database says that it was not carried out (too slow, no space, a lock); `refused`: user, password, database or a right. `foreign`: another cluster's store; `newer-schema`: written by a newer program.
 * `insecure`: the connection could not be made safe, so nothing secret was sent.
 */
export type StoreFault = 'unreachable' | 'refused' | 'unknown' | 'foreign' | 'newer-schema' | 'read-only' | 'insecure';

const storeErrorCodes = {
  unreachable: 'HS_STORE_UNREACHABLE',
  refused: 'HS_STORE_REFUSED',
  unknown: 'HS_STORE_UNREACHABLE',
  foreign: 'HS_STORE_FOREIGN',
  'newer-schema': 'HS_STORE_NEWER',
  'read-only': 'HS_STORE_READ_ONLY',
  insecure: 'HS_STORE_INSECURE',
} as const satisfies Record<StoreFault, string>;

export class StoreError extends Error {
  readonly fault: StoreFault;
  /** What people are told: a code of `contracts`. */
  readonly code: (typeof storeErrorCodes)[StoreFault];
  constructor(fault: StoreFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
    this.fault = fault;
    this.code = storeErrorCodes[fault];
  }
}

/**
 * The third voter. One connection of its own, with a statement timeout, that nothing else uses; statements go out in
 * the order of the calls. Every method throws `StoreError`. Lock order everywhere: node rows, then `reign`.
 *
 * A view is one moment, or its rows were read before its reign: no row may remember a reign that the view does not show. A
 * claim is refused, whatever else it says, when its epoch is not above what every row remembers; register, readopt and
 * release are refused while the reign is of another timeline than the server.
 */
export interface LeaseStore {
  /** Creates the schema where it is missing, checks version and cluster. Returns the store's own random id. */
  prepare(): Promise<{ storeId: string }>;
  /**
   * Makes the node's own row, or takes it from the incarnation that the node saw there; never lowers its counter. Null: the
   * row is another incarnation's meanwhile, so this is the late word of a dead one, or the look was old.
   */
  enter(request: EnterRequest): Promise<StoreView | null>;
  /** One update of the own row, then a look at everything: one round trip. */
  beat(request: BeatRequest): Promise<BeatResult>;
  look(): Promise<StoreView>;
  /** Compare-and-set of the holder's row, then `reign`, in one message. Empties the standby's place. Null: somebody else was faster. */
  claim(request: ClaimRequest): Promise<Reign | null>;
  /** Null: the epoch or the membership is not what was said any more. */
  register(request: RegisterRequest): Promise<Reign | null>;
  /** The registered standby's new incarnation takes its own place again. */
  readopt(request: ReadoptRequest): Promise<Reign | null>;
  release(request: ReleaseRequest): Promise<Reign | null>;
  /**
   * Begins, changes or ends the pause and raises `membership`, so that a claim on what was seen before comes to nothing.
   * Null: another pause or resume was faster.
   */
  pause(request: PauseRequest): Promise<Reign | null>;
  close(): Promise<void>;
}

/** Transitions in the store; separate from the lease's connection, because history may wait and beats may not. */
export interface History {
  /** Idempotent by `id`. */
  append(transitions: Transition[]): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<Transition[]>;
}
