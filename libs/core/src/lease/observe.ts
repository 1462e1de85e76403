import type { LeaseInput } from './messages.ts';
import type { LeaseState, PauseOn, SignOfLife } from './state.ts';
import type { Reign, StoreView } from './store-view.ts';

type Seen = Extract<LeaseInput, { kind: 'seen' }>;

/** What the newest answer of the store changes in what this node knows. An answer that was overtaken changes nothing. */
export function observe(state: LeaseState, input: Seen): LeaseState {
  const connection = connectionOf(input);
  return {
    ...state,
    view: input.view,
    newestSentAtMs: input.sentAtMs,
    connection,
    // What was seen while the store was not believed is no part of any wait.
    connectedAtMs: connection === state.connection && !state.doubt ? state.connectedAtMs : input.receivedAtMs,
    serverSinceMs: serverSinceMs(state, input),
    signs: signsOfLife(state.signs, input.view, input.receivedAtMs),
    placeChangedAtMs: placeChangedAtMs(state, input.view.reign, input.receivedAtMs),
    freeSince: freeSince(state, input.view.reign, input.receivedAtMs),
    store: { lastAnswerMs: input.receivedAtMs, message: null, saidLost: false },
    ...pauseSeen(state, input),
    viewStale: false,
    claiming: claimStillPossible(state, input.view) ? state.claiming : null,
  };
}

/** The pause goes on from what the store said was left of it; when it is gone, a take-over's wait begins. */
function pauseSeen(state: LeaseState, { view, receivedAtMs }: Seen): Pick<LeaseState, 'pause' | 'pauseEndedAtMs'> {
  const { pause: before, pauseEndedAtMs } = state;
  if (view.pause && view.pause.remainingMs > 0) {
    const { number, remainingMs, endsAt, operator, reason } = view.pause;
    const pause: PauseOn = { number, untilMs: receivedAtMs + remainingMs, endsAt, operator, reason };
    return { pause, pauseEndedAtMs };
  }
  return { pause: null, pauseEndedAtMs: before ? Math.min(before.untilMs, receivedAtMs) : pauseEndedAtMs };
}

/** When the present server was first seen, if another one had been seen before. */
export function serverSinceMs(
  { view: before, serverSinceMs: sinceMs }: LeaseState,
  { view, receivedAtMs }: Seen,
): number {
  return before && before.storeIncarnation !== view.storeIncarnation ? receivedAtMs : sinceMs;
}

/** Which server answered, over which connection: waits begin anew with each. */
export function connectionOf({ connection, view }: Seen): string {
  return `${connection}/${view.storeIncarnation}/${view.timeline}`;
}

/** The row that an order left behind is as good as a look, for `reign` alone. */
export function adopt(state: LeaseState, reign: Reign, receivedAtMs: number): LeaseState {
  if (!state.view) return state;
  return {
    ...state,
    view: { ...state.view, reign },
    placeChangedAtMs: placeChangedAtMs(state, reign, receivedAtMs),
    freeSince: freeSince(state, reign, receivedAtMs),
  };
}

function placeChangedAtMs({ view, placeChangedAtMs: atMs }: LeaseState, reign: Reign, receivedAtMs: number): number {
  const before = view?.reign;
  return before?.epoch === reign.epoch && before.membership !== reign.membership ? receivedAtMs : atMs;
}

/**
 * A change in any direction is a sign of life, dated by the receipt of the answer that showed it. A row that is seen for
 * the first time is not a change: nothing says how old it is, so it starts the wait like one.
 */
export function signsOfLife(
  before: Record<string, SignOfLife>,
  view: StoreView,
  receivedAtMs: number,
): Record<string, SignOfLife> {
  const signs: Record<string, SignOfLife> = {};
  for (const { nodeId, lastCount: count, incarnation } of view.nodes) {
    const known = before[nodeId];
    const same = known && known.count === count && known.incarnation === incarnation;
    signs[nodeId] = same
      ? known
      : {
          count,
          incarnation,
          firstSeenAtMs: known?.firstSeenAtMs ?? receivedAtMs,
          changedAtMs: receivedAtMs,
          changes: known ? known.changes + 1 : 0,
        };
  }
  return signs;
}

/**
 * A claim of unknown outcome may still be carried out, or have been, until the store shows something else than what it
 * compares: then it never will be. Until that is clear this node promises nothing.
 */
export function claimStillPossible(
  { claiming, self, pending }: LeaseState,
  { reign, nodes, timeline }: StoreView,
): boolean {
  if (!claiming || pending === 'claim') return true;
  if (reign.holder === self.nodeId && reign.holderIncarnation === self.incarnation) return true;
  const count = nodes.find(({ nodeId }) => nodeId === reign.holder)?.lastCount ?? null;
  if (timeline !== claiming.timeline) return false;
  return reign.epoch === claiming.seenEpoch && count === claiming.seenHolderCount;
}

function freeSince(state: LeaseState, reign: Reign, receivedAtMs: number): LeaseState['freeSince'] {
  if (reign.holder !== null) return null;
  return state.freeSince?.epoch === reign.epoch ? state.freeSince : { epoch: reign.epoch, atMs: receivedAtMs };
}
