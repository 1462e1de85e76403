import type { HandOverRule, PendingOrder } from './state.ts';
import type { NodeRow, Reign, Remembered, Role, ServerRole, StoreView } from './store-view.ts';

/** What can happen to the lease. Every input carries the time at which it is processed. */
export type LeaseInput =
  | {
      kind: 'seen';
      nowMs: number;
      wallMs: number;
      sentAtMs: number;
      receivedAtMs: number;
      connection: string;
      beat: BeatAnswer | null;
      view: StoreView;
    }
  | { kind: 'store-failed'; nowMs: number; sentAtMs: number; receivedAtMs: number; fault: string; message: string }
  | { kind: 'ordered'; nowMs: number; wallMs: number; order: PendingOrder; result: OrderAnswer }
  /** The peer asks this node not to claim for takeoverWait from now. */
  | { kind: 'promise-asked'; nowMs: number; asked: PromiseRequest }
  /** The peer promised so, after a request that was sent at `sentAtMs`. */
  | { kind: 'promised'; nowMs: number; sentAtMs: number; asked: PromiseRequest }
  | { kind: 'tick'; nowMs: number }
  /** The machine was suspended for so long, or its wall clock was stepped by so much; null: it was not. */
  | { kind: 'clocks'; nowMs: number; suspendedMs: number | null; steppedMs: number | null }
  | {
      kind: 'hand-over';
      nowMs: number;
      rule: HandOverRule;
      evidence: Record<string, unknown>;
      operator: string | null;
      reason: string;
      prepareMs: number;
      final: boolean;
    }
  /** An operator takes the lease for this node; it ends with the effect `forced`. */
  | { kind: 'force'; nowMs: number; operator: string; reason: string; epoch: number | null }
  /** Every listener has answered, or its time is up: those are named. */
  | { kind: 'prepared'; nowMs: number; late: string[] }
  /** A standing reason to take no part, found outside: a foreign store. */
  | { kind: 'barred'; nowMs: number; reason: string };

/** What the active asks of its registered standby: the answer counts for nothing else. */
export interface PromiseRequest {
  epoch: number;
  holder: string;
  holderIncarnation: string;
  standby: string;
  standbyIncarnation: string;
}

export interface BeatAnswer {
  outcome: 'renewed' | 'overtaken' | 'other-timeline' | 'ended';
  incarnation: string;
  epoch: number | null;
  count: number;
}

export interface OrderAnswer {
  outcome: 'done' | 'refused' | 'not-sent' | 'unknown';
  sentAtMs: number;
  receivedAtMs: number;
  reign: Reign | null;
}

/** What the arbiter has to do, in this order. */
export type LeaseEffect =
  /** Let heartbeat beat: under the epoch, or (null) only as a sign of life. */
  | {
      do: 'permit';
      epoch: number | null;
      serverRole: ServerRole;
      /** Under which the reign was confirmed; null: a beat is only a sign of life. */
      timeline: string | null;
      remembers: Remembered;
      untilMs: number;
      /** Whose promise would count; null: nobody's. */
      voter: { nodeId: string; incarnation: string } | null;
    }
  /** The answer to `promise-asked`; null: promised. */
  | { do: 'promise'; refused: string | null }
  | { do: 'order'; order: LeaseOrder }
  /** Tell every gate. */
  | {
      do: 'grant';
      role: Role;
      epoch: number | null;
      deadlineMs: number;
      tenure: { epoch: number; startedAtWallMs: number } | null;
    }
  /** On disk before anything that follows. */
  | { do: 'remember'; epoch: number; reign: Reign | null }
  | {
      do: 'transition';
      from: Role;
      to: Role;
      rule: RuleId;
      reason: string;
      epoch: number;
      planned: boolean;
      operator: string | null;
      evidence: Record<string, unknown>;
    }
  /** Ask the listeners; answer with the input `prepared`. */
  | { do: 'prepare'; from: Role; to: Role; rule: RuleId; epoch: number; withinMs: number }
  /** Tell the peer that it may claim now. */
  | { do: 'tell-peer'; epoch: number }
  /** Let heartbeat beat at once, not at its next time. */
  | { do: 'beat-now' }
  | { do: 'fact'; fact: LeaseFact }
  /** How a hand-over that was asked for ended. */
  | { do: 'handed-over'; ended: HandOverEnd }
  /** How a forced take-over ended. */
  | { do: 'forced'; ended: ForcedEnd };

/** What a claim says of itself that is made above everything remembered instead of above the row. */
export interface Rebase {
  epoch: number;
  membership: number;
  tenureEpoch: number;
}

export type LeaseOrder =
  | { do: 'enter'; remembers: Remembered; replaces: string | null }
  | {
      do: 'claim';
      seen: Reign;
      seenHolderCount: number | null;
      timeline: string;
      storeIncarnation: string;
      rebase: Rebase | null;
    }
  | {
      do: 'register';
      epoch: number;
      membership: number;
      standby: string | null;
      standbyIncarnation: string | null;
      forget: string | null;
    }
  | { do: 'readopt'; seen: Reign }
  | { do: 'release'; epoch: number; handoverTo: string | null };

export type LeaseFact =
  | { type: 'role.changing'; data: { from: Role; to: Role; rule: string; reason: string; planned: boolean } }
  | { type: 'store.lost'; data: { fault: string; message: string } }
  | { type: 'store.found'; data: { awayMs: number } }
  | { type: 'store.went-back'; data: { seenEpoch: number; highestEpoch: number } }
  | {
      type: 'store.other-timeline';
      data: { timeline: string; claimedOn: string | null; seenEpoch: number; highestEpoch: number };
    }
  | { type: 'store.unsettled'; data: { doubt: string; waitingFor: string } }
  | { type: 'clock.suspended'; data: { forMs: number } }
  | { type: 'clock.stepped'; data: { byMs: number } }
  | { type: 'peer.lost'; data: { peer: string; silentMs: number } }
  | { type: 'standby.registered'; data: { standby: string; name: string } }
  | { type: 'standby.lost'; data: { standby: string; name: string; silentMs: number } }
  | { type: 'standby.refused'; data: { registered: string; reason: string } }
  | { type: 'lease.granted'; data: { rule: string; takeoverWaitMs: number; claimMs: number } }
  | { type: 'lease.fenced'; data: { rule: string; reason: string } }
  | { type: 'pause.begun'; data: { number: number; endsAt: string; forMs: number; operator: string; reason: string } }
  | { type: 'pause.ended'; data: { number: number; how: 'elapsed' | 'resumed'; operator: string | null } }
  | { type: 'lease.released'; data: { to: string | null } };

export type ForcedEnd =
  | { done: true; message: string }
  | {
      done: false;
      code: 'HS_HOLDER_ALIVE' | 'HS_STORE_UNREACHABLE' | 'HS_STORE_WENT_BACK' | 'HS_BUSY';
      message: string;
    };

export type HandOverEnd =
  | { done: true; to: string }
  | {
      done: false;
      code: 'HS_NOT_ACTIVE' | 'HS_NO_STANDBY' | 'HS_FAILOVER_OFF' | 'HS_BUSY' | 'HS_SWITCHOVER_TIMEOUT';
      message: string;
    };

export type RuleId = keyof typeof import('./rules.ts').rules;
export type { NodeRow };
