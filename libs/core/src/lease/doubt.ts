import type { LeaseInput } from './messages.ts';
import { claimStillPossible, connectionOf, serverSinceMs, signsOfLife } from './observe.ts';
import { remembersOf, type Doubt, type LeaseState } from './state.ts';
import type { Reign, Remembered, StoreView } from './store-view.ts';
import type { Turn } from './turn.ts';

type Seen = Extract<LeaseInput, { kind: 'seen' }>;

/** The epoch first, then the number of the membership. */
export function below(one: Remembered, other: Remembered): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.membership < other.membership);
}

/** Why what the store shows may lack commits; null: it is believed. */
export function reasonToDoubt(state: LeaseState, view: StoreView): Pick<Doubt, 'kind' | 'why'> | null {
  const { reign, timeline, nodes } = view;
  if (reign.epoch > 0 && reign.timeline !== timeline) {
    const why = `the store is on timeline ${timeline}, and its reign of epoch ${reign.epoch} was claimed on ${reign.timeline}`;
    return { kind: 'other-timeline', why };
  }
  const own = remembersOf(state);
  const said = (what: Remembered) =>
    what.epoch === reign.epoch ? `membership ${what.membership}` : `epoch ${what.epoch}`;
  const shows = own.epoch === reign.epoch ? `membership ${reign.membership}` : `epoch ${reign.epoch}`;
  if (below(reign, own)) {
    return {
      kind: 'went-back',
      why: `the store went back in time: it says ${shows}, this node has seen ${said(own)}`,
    };
  }
  const other = nodes.find(({ remembers }) => below(reign, remembers));
  if (!other) return null;
  return {
    kind: 'went-back',
    why: `the store went back in time: it says epoch ${reign.epoch}, ${other.name} has seen ${said(other.remembers)}`,
  };
}

/**
 * A store that is not believed changes what a node knows of others' signs of life, and nothing else: the reign that counts
 * is the highest one that this node has seen. What the store still shows is history, too, so it may be that one.
 */
export function doubted(turn: Turn, input: Seen, reason: Pick<Doubt, 'kind' | 'why'>): void {
  const before = turn.state;
  const { view, receivedAtMs } = input;
  const { timeline } = view;
  const earlier = before.doubt?.timeline === timeline ? before.doubt : null;
  const connection = connectionOf(input);
  const sameServer = earlier !== null && connection === before.connection;
  if (!earlier || earlier.kind !== reason.kind) sayWhy(turn, view, reason);

  const reign = before.remembered && below(view.reign, before.remembered) ? before.remembered : view.reign;
  const remembered = Math.max(reign.epoch, ...view.nodes.map(({ remembers }) => remembers.epoch));
  turn.remember(reign, remembered);

  const signs = signsOfLife(before.signs, view, receivedAtMs);
  const changed = view.nodes.filter(({ nodeId }) => signs[nodeId] !== before.signs[nodeId]);
  const { highestEpoch, self } = turn.state;
  const ignorant = changed.some(
    ({ nodeId, remembers }) =>
      nodeId !== self.nodeId &&
      (remembers.epoch < highestEpoch || nodeId === twinHolder(before.remembered, view.reign)),
  );
  const unaware = ignorant || claimedMeanwhile(earlier, view.reign, self.nodeId);
  const heard = sameServer ? [...new Set([...earlier.heard, ...changed.map(({ nodeId }) => nodeId)])] : [];
  turn.set({
    doubt: {
      ...reason,
      timeline,
      seen: view.reign,
      sinceMs: earlier?.sinceMs ?? receivedAtMs,
      ignorantAtMs: unaware || !earlier ? receivedAtMs : earlier.ignorantAtMs,
      heard,
      saidStuck: earlier?.saidStuck ?? false,
    },
    view: { ...view, reign },
    newestSentAtMs: input.sentAtMs,
    connection,
    connectedAtMs: connection === before.connection ? before.connectedAtMs : receivedAtMs,
    serverSinceMs: serverSinceMs(before, input),
    signs,
    store: { ...before.store, lastAnswerMs: receivedAtMs, message: null, saidLost: false },
    viewStale: false,
    claiming: claimStillPossible(before, view) ? before.claiming : null,
  });
}

/**
 * Who holds another reign of the same number: a store that forgot its first claims gives their numbers again, and the holder's
 * own epoch does not tell that it knows of less.
 */
function twinHolder(remembered: Reign | null, seen: Reign): string | null {
  const isSameEpoch = remembered !== null && remembered.epoch === seen.epoch;
  return isSameEpoch && seen.holder !== (remembered.holder ?? remembered.lastHolder) ? seen.holder : null;
}

/** Another node claimed what the store forgot: it acts, whatever its row says of its life. */
function claimedMeanwhile(earlier: Doubt | null, { epoch, holder }: Reign, self: string): boolean {
  const isNew = earlier !== null && (earlier.seen.epoch !== epoch || earlier.seen.holder !== holder);
  return isNew && holder !== null && holder !== self;
}

function sayWhy(turn: Turn, { reign, timeline }: StoreView, { kind }: Pick<Doubt, 'kind' | 'why'>): void {
  const { highestEpoch } = turn.state;
  if (kind === 'went-back') {
    turn.fact({ type: 'store.went-back', data: { seenEpoch: reign.epoch, highestEpoch } });
  } else {
    const claimedOn = reign.timeline;
    turn.fact({ type: 'store.other-timeline', data: { timeline, claimedOn, seenEpoch: reign.epoch, highestEpoch } });
  }
}

/** What the store shows is believed, and goes to the node's own disk when it is new. */
export function believed(turn: Turn, reign: Reign): void {
  turn.remember(reign, reign.epoch);
  if (turn.state.doubt) turn.set({ doubt: null });
}
