import { hear, settle, silentAfterMs, type RestartPolicy, type Said, type ServiceWatch } from './service-watch.ts';

export type Failback = 'never' | 'manual' | 'automatic';

/** The configuration's `policy`, as the active decides by it. */
export interface Policy extends RestartPolicy {
  enabled: boolean;
  failback: Failback;
  failbackAfterMs: number;
  /** Those that have something to do on this pair. */
  criticalServices: readonly string[];
  /** Those of them that are watched with a patience of their own: what they say is not waited out once more. */
  atOnce: readonly string[];
  handOverAfterMs: number;
  minimumReignMs: number;
}

type Watches = Readonly<Record<string, ServiceWatch>>;

/** What a node knows for its policies. It begins empty with every start of the arbiter. */
export interface PolicyState {
  own: Watches;
  peer: Watches;
  /** Silence counts from here: a start, a reconnection to NATS, a gap in the own looks. */
  listeningSinceMs: number;
  lastLookMs: number;
  /** The reign that is watched, since when, and when this node last tried to hand it over by itself. */
  reign: { epoch: number; sinceMs: number; triedAtMs: number | null } | null;
  /** Since when this incarnation of the standby has been registered, beating and well without interruption. */
  standbyWell: { incarnation: string; sinceMs: number } | null;
}

export function initialPolicyState(nowMs: number): PolicyState {
  return { own: {}, peer: {}, listeningSinceMs: nowMs, lastLookMs: nowMs, reign: null, standbyWell: null };
}

/** A status of a service of this node or the other one. Only critical ones matter. */
export function heardStatus(
  state: PolicyState,
  policy: Policy,
  whose: 'own' | 'peer',
  service: string,
  said: Said,
  nowMs: number,
): PolicyState {
  if (!policy.criticalServices.includes(service)) return state;
  return { ...state, [whose]: { ...state[whose], [service]: hear(state[whose][service], said, nowMs, policy) } };
}

/** NATS was away: whatever was said meanwhile was not heard, so nobody knows that the standby was well. */
export function reconnected(state: PolicyState, nowMs: number): PolicyState {
  return { ...state, listeningSinceMs: nowMs, standbyWell: null };
}

const never: ServiceWatch = { instances: {}, startedAtMs: [], unwellSinceMs: null };

/** Every critical service as it is now, those that were never heard included. */
export function settled(state: PolicyState, policy: Policy, nowMs: number): PolicyState {
  // A process that stood still hears the past first.
  const stoodStill = nowMs - state.lastLookMs > silentAfterMs;
  const listeningSinceMs = stoodStill ? nowMs : state.listeningSinceMs;
  const all = (watches: Watches): Watches =>
    Object.fromEntries(
      policy.criticalServices.map((service) => [service, settle(watches[service] ?? never, nowMs, listeningSinceMs)]),
    );
  const standbyWell = stoodStill ? null : state.standbyWell;
  return { ...state, own: all(state.own), peer: all(state.peer), listeningSinceMs, lastLookMs: nowMs, standbyWell };
}
