/**
 * The lease as one node sees it (`docs/lease.md`). Everything here is data; times are milliseconds of the host's
 * monotonic clock and come from outside.
 */
import type { Reign, Remembered, Role, ServerRole, StoreView } from './store-view.ts';

export interface Self {
  nodeId: string;
  name: string;
  /** Random, new with every start of the arbiter. */
  incarnation: string;
  kind: 'primary' | 'secondary';
}

export interface LeaseTiming {
  beatMs: number;
  leaseTtlMs: number;
  takeoverWaitMs: number;
  fenceLeadMs: number;
}

/** When a node's counter was last seen to change. */
export interface SignOfLife {
  count: number;
  incarnation: string;
  /** When the first answer with this row was received. */
  firstSeenAtMs: number;
  /** When the answer that showed the change was received. */
  changedAtMs: number;
  /** How many changes were seen since the row was first seen: 0 may be the row of a node long dead. */
  changes: number;
}

export interface LeaseGrant {
  epoch: number;
  deadlineMs: number;
}

/** Why an active lets go as planned: asked for, or by a policy. */
export type HandOverRule = 'hand-over' | 'failback' | 'health-hand-over';

/** A planned hand-over under way on the active. */
export interface HandOver {
  rule: HandOverRule;
  evidence: Record<string, unknown>;
  phase: 'preparing' | 'releasing' | 'released';
  /** Node id of who shall take over; null: nobody there, the lease is only let go of. */
  target: string | null;
  operator: string | null;
  reason: string;
  /** In phase `preparing`: no longer than this. In phase `released`: then the lease is taken back. */
  deadlineMs: number;
  /** The listeners have answered; null while they are waited for. Not before this time may the lease be released. */
  releaseNotBeforeMs: number | null;
  /** The node ends afterwards: nothing is taken back. */
  final: boolean;
}

/** The pause that is on, as the store last showed it. */
export interface PauseOn {
  number: number;
  /** On this host's monotonic clock, counted on from the store's answer: it ends without the store, too. */
  untilMs: number;
  endsAt: string;
  operator: string;
  reason: string;
}

/** An operator takes the lease for this node, against the rules about who may. */
export interface Forced {
  operator: string;
  reason: string;
  /** The reign that it is taken from, and no later one. */
  epoch: number;
  askedAtMs: number;
  /** Given up then. */
  untilMs: number;
}

/**
 * The store is not believed: its server goes on with another history than the reign was claimed in, or it shows less than
 * somebody has seen. Until the lease is claimed above everything remembered, nothing that it says grants anything.
 */
export interface Doubt {
  kind: 'other-timeline' | 'went-back';
  /** In words. */
  why: string;
  /** The server's. */
  timeline: string;
  /** When it was first seen. */
  sinceMs: number;
  /** The row as the store shows it: what a re-basing claim compares. `view.reign` is the one that is believed. */
  seen: Reign;
  /** When a node that knows of less than the highest epoch was last seen to live: it may be active under a lower one. */
  ignorantAtMs: number;
  /** Nodes that gave a sign of life since, so that what their rows remember is of today. */
  heard: string[];
  /** People were told that this does not end by itself. */
  saidStuck: boolean;
}

export interface LeaseState {
  self: Self;
  /** `policy.enabled`: false: this node reigns alone or not at all, whatever the other one does. */
  failover: boolean;
  timing: LeaseTiming;
  role: Role;
  /** In words, for people. */
  reason: string;
  startedAtMs: number;
  /** Never believed below this: it is on the node's own disk. */
  highestEpoch: number;
  /** The highest reign that was seen, whole; on the node's own disk, too. Null: none yet, or an earlier program kept only its epoch. */
  remembered: Reign | null;
  /** When the peer told of a higher epoch: what was asked of the store before says less. */
  toldAtMs: number;
  doubt: Doubt | null;
  view: StoreView | null;
  /** Of the newest answer processed, whatever it answered: older ones say nothing any more. */
  newestSentAtMs: number;
  /** Heartbeat's connection and the store's incarnation behind the newest answer, and when that pair was first seen. */
  connection: string | null;
  connectedAtMs: number;
  /** When the store was last seen to be another server, or the same one after a restart; never, when this node has seen only one. */
  serverSinceMs: number;
  signs: Record<string, SignOfLife>;
  /**
   * When the standby's place was last seen to change within a reign: until the change was sent its owner's promises may
   * have renewed the grant of a holder whose beats reached no store.
   */
  placeChangedAtMs: number;
  /** When the lease was first seen free under the present epoch. */
  freeSince: { epoch: number; atMs: number } | null;
  grant: LeaseGrant | null;
  tenure: { epoch: number; startedAtWallMs: number } | null;
  /** When this node last became active by a claim: who beats since then lives beside it. */
  claimedAtMs: number;
  /** The order that has not been answered yet: there is never a second one. */
  pending: PendingOrder | null;
  /** From the sending of a release on, this epoch is never renewed. */
  releasedEpoch: number | null;
  handOver: HandOver | null;
  store: { lastAnswerMs: number | null; message: string | null; saidLost: boolean };
  /** A standing reason to take no part: a foreign store. */
  barred: string | null;
  /** When the machine was last seen to have been suspended: waits begin anew. */
  wokeAtMs: number;
  /** What was sent before renews nothing: the machine was suspended since, or paused. */
  renewsFromMs: number;
  /** The machine may have been paused for longer than the grant: a beat must confirm it before a promise renews it. */
  unconfirmed: boolean;
  /** When this node last promised its peer not to claim: its claims wait from then on, too. */
  promisedAtMs: number;
  /** A change of the standby's place of unknown outcome: until a newer one is confirmed nobody's promise counts. */
  membershipUnknown: boolean;
  /** The standby that people were last told of, so that each change is told once, however it became known. */
  saidStandby: string | null;
  /** Null: none is on. */
  pause: PauseOn | null;
  /** When a pause was last seen to have ended: a take-over waits from then on. */
  pauseEndedAtMs: number;
  /** Number of the pause that people were last told of; undefined before the first look. */
  saidPause: number | null | undefined;
  forced: Forced | null;
  /** An order came back without success, or was an `enter`: the view is older, so nothing is ordered before the next answer. */
  viewStale: boolean;
  /** The rule by which a claim in flight, or of unknown outcome, was made. */
  claiming: {
    rule: ClaimRule;
    evidence: Record<string, unknown>;
    operator: string | null;
    /** What the claim compares: when the store shows anything else, it cannot be carried out any more. */
    seenEpoch: number;
    seenHolderCount: number | null;
    timeline: string;
  } | null;
}

export type PendingOrder = 'enter' | 'claim' | 'register' | 'readopt' | 'release';

export type ClaimRule =
  | 'claim-never-held'
  | 'claim-silent-holder'
  | 'claim-handed-over'
  | 'claim-released'
  | 'claim-own-return'
  | 'claim-lone-holder-silent'
  | 'claim-take-back'
  | 'claim-forced'
  | 'claim-rebase';

export function initialState(
  self: Self,
  timing: LeaseTiming,
  nowMs: number,
  highestEpoch: number,
  remembered: Reign | null = null,
  failover = true,
): LeaseState {
  return {
    self,
    failover,
    timing,
    role: 'starting',
    reason: 'waiting for the first answer of the store',
    startedAtMs: nowMs,
    highestEpoch: Math.max(highestEpoch, remembered?.epoch ?? 0),
    remembered,
    toldAtMs: Number.NEGATIVE_INFINITY,
    doubt: null,
    view: null,
    newestSentAtMs: Number.NEGATIVE_INFINITY,
    connection: null,
    connectedAtMs: nowMs,
    serverSinceMs: Number.NEGATIVE_INFINITY,
    signs: {},
    placeChangedAtMs: Number.NEGATIVE_INFINITY,
    freeSince: null,
    grant: null,
    tenure: null,
    claimedAtMs: Number.NEGATIVE_INFINITY,
    pending: null,
    releasedEpoch: null,
    handOver: null,
    store: { lastAnswerMs: null, message: null, saidLost: false },
    barred: null,
    wokeAtMs: Number.NEGATIVE_INFINITY,
    renewsFromMs: Number.NEGATIVE_INFINITY,
    unconfirmed: false,
    promisedAtMs: Number.NEGATIVE_INFINITY,
    membershipUnknown: false,
    saidStandby: null,
    pause: null,
    pauseEndedAtMs: Number.NEGATIVE_INFINITY,
    saidPause: undefined,
    forced: null,
    viewStale: false,
    claiming: null,
  };
}

/** The store says that this very incarnation holds the lease, and nothing was released since. */
export function holds(state: LeaseState): boolean {
  const reign = state.view?.reign;
  return (
    reign !== undefined &&
    reign.holder === state.self.nodeId &&
    reign.holderIncarnation === state.self.incarnation &&
    reign.epoch !== state.releasedEpoch &&
    // Higher is what another node remembers, or asked for a promise under.
    reign.epoch >= state.highestEpoch &&
    state.barred === null
  );
}

/** No node takes over, fails back or hands over by itself. */
export function paused(state: LeaseState, nowMs: number): boolean {
  return state.pause !== null && nowMs < state.pause.untilMs;
}

/**
 * Without failover a node has a part only where nobody else could have one: it holds the lease, held it last, or is the
 * primary of a pair whose lease nobody ever held.
 */
export function reignsAlone({ view, self }: LeaseState): boolean {
  const reign = view?.reign;
  if (!reign) return false;
  if (reign.epoch === 0 && reign.lastHolder === null) return self.kind === 'primary';
  return (reign.holder ?? reign.lastHolder) === self.nodeId;
}

export function serverRole(state: LeaseState): ServerRole {
  if (state.role === 'refused') return 'REFUSED';
  if (holds(state)) return 'PRIMARY';
  return isRegistered(state) ? 'STANDBY' : 'STARTING';
}

export function isRegistered(state: LeaseState): boolean {
  const reign = state.view?.reign;
  return reign?.standby === state.self.nodeId && reign.standbyIncarnation === state.self.incarnation;
}

/**
 * Whose promise would renew the grant: the registered standby as the store last confirmed it to the active. While a
 * change of the place is in flight or of unknown outcome it is nobody; a claim of its own, to re-base, empties the place.
 */
export function voter(state: LeaseState): { nodeId: string; incarnation: string } | null {
  const reign = state.view?.reign;
  const placeMayChange = state.pending === 'register' || state.membershipUnknown || state.claiming !== null;
  if (!reign?.standby || !reign.standbyIncarnation || placeMayChange || !holds(state)) return null;
  return { nodeId: reign.standby, incarnation: reign.standbyIncarnation };
}

/** What the node's row in the store says that it remembers. */
export function remembersOf({ highestEpoch, remembered }: LeaseState): Remembered {
  const membership = remembered?.epoch === highestEpoch ? remembered.membership : 0;
  return { epoch: highestEpoch, membership };
}

/**
 * Since when nothing of its own keeps this node from claiming: its start, its connection to this very store (before those
 * it could not have seen a sign of life), its last promise, and its last suspension.
 */
export function settledAtMs(state: LeaseState): number {
  return Math.max(state.startedAtMs, state.connectedAtMs, state.promisedAtMs, state.wokeAtMs);
}

/** Milliseconds since the node's counter was last seen to change; null when it was never seen. */
export function silentMs(state: LeaseState, nodeId: string, nowMs: number): number | null {
  const sign = state.signs[nodeId];
  return sign ? nowMs - sign.changedAtMs : null;
}

/** After this silence a standby's place is given up: longer than a take-over's wait, because nothing hurries. */
export function standbyLostMs(timing: LeaseTiming): number {
  return Math.max(3 * timing.takeoverWaitMs, 1000);
}

/** How long the lease stays free for the node that it was handed to before the releaser takes it back. */
export function takeBackMs(timing: LeaseTiming): number {
  return Math.max(4 * timing.takeoverWaitMs, 1000);
}
