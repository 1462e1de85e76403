import { step } from '@hotstandby/core/lease';
import type { LeaseStore, NodeRow } from '@hotstandby/ports';
import type { MemoryTables } from '../../memory-lease-store/index.ts';
import type { KnownBad, StorePlace } from './known-bad.ts';

const ofHolder = ({ nodes, reign }: MemoryTables): NodeRow | undefined =>
  reign.holder === null ? undefined : nodes.get(reign.holder);

export const beatsAndClaims: KnownBad[] = [
  {
    // A beat whose statement alone leaves out the epoch is harmless here: its answer shows the reign, and is not believed
    // when that is another's. So this one does not look at the answer either.
    name: 'beat without the epoch, and believed',
    why: 'The row takes beats of a reign that is over, and the holder goes by the outcome alone.',
    withinSeeds: 5000,
    store: (store, { tables }) => ({
      ...bound(store),
      beat: (request) => {
        const row = tables.nodes.get(request.nodeId);
        return store.beat(row ? { ...request, incarnation: row.incarnation, epoch: row.epoch } : request);
      },
    }),
    decide(state, input) {
      const reign = state.view?.reign;
      const believed = input.kind === 'seen' && input.beat?.outcome === 'renewed' && input.beat.epoch === reign?.epoch;
      if (!believed || !reign) return step(state, input);
      // Nor at what the others remember.
      const nodes = input.view.nodes.map((node) => ({ ...node, remembers: { epoch: 0, membership: 0 } }));
      return step(state, { ...input, view: { ...input.view, reign, nodes } });
    },
  },
  {
    name: 'claim that does not compare the counter',
    why: 'A beat that the claimer has not seen renewed the grant.',
    withinSeeds: 5000,
    store: (store, { tables }) => ({
      ...bound(store),
      claim: (request) => store.claim({ ...request, seenHolderCount: ofHolder(tables)?.lastCount ?? null }),
    }),
  },
  {
    name: "claim that reads the counter without changing the holder's row",
    why: 'Write skew: a beat and a claim that read before either wrote both succeed.',
    withinSeeds: 5000,
    store: skewed,
  },
  {
    name: 'new timeline unseen',
    why: 'A promoted replica lacks a claim, and the holder before it is renewed.',
    withinSeeds: 20_000,
    store: (store, { tables }) => {
      // Every reign is taken for one of the timeline that the server is on.
      const unseen = <Answer>(carryOut: (timeline: string) => Answer): Answer => {
        const { reign, timeline } = tables;
        if (reign.timeline !== null && reign.timeline !== timeline) tables.reign = { ...reign, timeline };
        return carryOut(timeline);
      };
      return {
        ...bound(store),
        look: () => unseen(() => store.look()),
        enter: (row) => unseen(() => store.enter(row)),
        beat: (request) => unseen((timeline) => store.beat({ ...request, timeline })),
        claim: (request) =>
          unseen((timeline) =>
            store.claim({ ...request, timeline, seen: { ...request.seen, timeline: tables.reign.timeline } }),
          ),
      };
    },
  },
  {
    name: 'unknown claim settled by a read',
    why: 'Reading changes no counter, so the others count on while the reader believes to hold a grant.',
    withinSeeds: 5000,
    decide(state, input) {
      const { self, claiming, pending } = state;
      if (!claiming || pending === 'claim') return step(state, input);
      const settles =
        input.kind === 'seen' &&
        input.view.reign.holderIncarnation === self.incarnation &&
        input.view.reign.epoch !== state.releasedEpoch;
      const epoch = settles ? input.view.reign.epoch : null;
      const beat = { outcome: 'renewed', incarnation: self.incarnation, epoch, count: 0 } as const;
      const stepped = step(state, settles ? { ...input, beat } : input);
      // Until it is settled this node looks, and does not beat.
      const effects = settles ? stepped.effects : stepped.effects.filter((effect) => effect.do !== 'permit');
      return { ...stepped, effects };
    },
  },
];

/** Statements as a plain object, so that one can be replaced. */
export function bound(store: LeaseStore): LeaseStore {
  return {
    prepare: () => store.prepare(),
    enter: (row) => store.enter(row),
    beat: (request) => store.beat(request),
    look: () => store.look(),
    claim: (request) => store.claim(request),
    register: (request) => store.register(request),
    readopt: (request) => store.readopt(request),
    release: (request) => store.release(request),
    pause: (request) => store.pause(request),
    close: () => store.close(),
  };
}

/** The claim compares what it reads, and commits a little later without having touched the holder's row. */
function skewed(store: LeaseStore, { tables, clock, random }: StorePlace): LeaseStore {
  return {
    ...bound(store),
    async claim(request) {
      const holder = ofHolder(tables);
      const compared = holder === undefined || holder.lastCount === request.seenHolderCount;
      if (!compared) return null;
      await new Promise<void>((resolve) => void clock.after(random.between(0, 3), resolve));
      const now = ofHolder(tables);
      const reign = await store.claim({ ...request, seenHolderCount: now?.lastCount ?? null });
      if (reign && now && now.nodeId !== request.nodeId) tables.nodes.set(now.nodeId, now);
      return reign;
    },
  };
}
