import type { ClaimRequest, LeaseStore, Reign } from '@hotstandby/ports';
import type { MemoryTables } from '../../memory-lease-store/index.ts';
import type { Counted } from '../world.ts';
import type { Violations } from './violations.ts';

export interface TakeOver {
  /** The node that held the lease; null: it was free. */
  from: string | null;
  to: string;
  epoch: number;
  /** Released to the claimer by name. */
  planned: boolean;
}

/** What the history of the store is told of the rest of the world. */
export interface Around {
  tookOver: (takeOver: TakeOver) => void;
  /** An operator had this incarnation take the lease: rule 1 of a claim is what he answers for. */
  isForced: (incarnation: string) => boolean;
  /** By the store's own clock. */
  isPaused: () => boolean;
  /** Told of a claim by itself from another node, without its word. */
  mayTakeOver: (nodeId: string) => void;
  count: (what: Counted) => void;
}

/**
 * Everything that changed in `reign`, looked at from beside: invariant 2 (epochs grow, each has one holder), invariant 6
 * (rule 1 of a claim, told once more in other words) and the part of invariant 3 that is the lease's own (no change of the
 * place and no release under an epoch that is over).
 */
export class StoreHistory {
  readonly #tables: MemoryTables;
  readonly #violations: Violations;
  readonly #around: Around;
  readonly #holders = new Map<number, string>();
  highestEpoch = 0;
  /** Two replicas were promoted at once (docs/proof.md). */
  epochsMayGoBack = false;

  constructor(tables: MemoryTables, violations: Violations, around: Around) {
    this.#tables = tables;
    this.#violations = violations;
    this.#around = around;
  }

  /** What the store forgot, and nobody was ever granted, may be given once more. */
  forgot(grantedEpoch: number): void {
    this.highestEpoch = Math.max(grantedEpoch, this.#tables.reign.epoch);
    for (const epoch of this.#holders.keys()) if (epoch > this.highestEpoch) this.#holders.delete(epoch);
  }

  /** The same statements, watched. */
  watching(store: LeaseStore): LeaseStore {
    const under = (what: string, before: Reign, epoch: number) => {
      if (before.epoch !== epoch)
        this.#violations.violate(3, `${what} under epoch ${epoch} was accepted in epoch ${before.epoch}`);
    };
    return {
      prepare: () => store.prepare(),
      enter: (row) => store.enter(row),
      beat: (request) => store.beat(request),
      look: () => store.look(),
      readopt: (request) => store.readopt(request),
      pause: async (request) => {
        const reign = await store.pause(request);
        if (reign && request.forMs > 0) this.#around.count('pauses');
        return reign;
      },
      close: () => store.close(),
      claim: async (request) => {
        const before = this.#tables.reign;
        const reign = await store.claim(request);
        if (reign) this.#claimed(request, before, reign);
        return reign;
      },
      register: async (request) => {
        const before = this.#tables.reign;
        const reign = await store.register(request);
        if (reign) under('a change of the place', before, request.epoch);
        return reign;
      },
      release: async (request) => {
        const before = this.#tables.reign;
        const reign = await store.release(request);
        if (reign) under('a release', before, request.epoch);
        return reign;
      },
    };
  }

  #claimed({ nodeId, incarnation, rebase }: ClaimRequest, before: Reign, after: Reign): void {
    const who = `${nodeId}/${incarnation}`;
    const known = this.#holders.get(after.epoch);
    if (after.epoch <= this.highestEpoch && !this.epochsMayGoBack)
      this.#violations.violate(2, `epoch ${after.epoch} was given after ${this.highestEpoch}`);
    if (known !== undefined && known !== who && !this.epochsMayGoBack)
      this.#violations.violate(2, `epoch ${after.epoch} has two holders: ${known} and ${who}`);
    this.#holders.set(after.epoch, who);
    this.highestEpoch = Math.max(this.highestEpoch, after.epoch);

    // Who re-bases goes by its own memory: the store shows what was, or never.
    const forced = this.#around.isForced(incarnation);
    if (forced) this.#around.count('forced take-overs');
    if (!rebase && !forced && !mayClaim(nodeId, before)) {
      const { holder, standby } = before;
      this.#violations.violate(6, `${nodeId} claimed from ${holder ?? 'nobody'}, whose standby is ${standby}`);
    }
    const own = (before.holder ?? before.lastHolder) === nodeId || before.epoch === 0;
    const named = before.holder === null && before.handoverTo === nodeId;
    if (!forced && !rebase && !own && !named && this.#around.isPaused())
      this.#violations.violate(6, `${nodeId} took over from ${before.holder ?? before.lastHolder} during a pause`);
    if (!forced && !own && !named) this.#around.mayTakeOver(nodeId);
    const planned = !rebase && before.holder === null && before.handoverTo === nodeId && before.lastHolder !== nodeId;
    this.#around.tookOver({ from: rebase ? null : before.holder, to: nodeId, epoch: after.epoch, planned });
  }
}

function mayClaim(nodeId: string, { holder, lastHolder, standby, epoch }: Reign): boolean {
  const neverHeld = epoch === 0 && lastHolder === null;
  const wasIts = holder === null ? lastHolder === nodeId : holder === nodeId;
  return neverHeld || wasIts || standby === nodeId || standby === null;
}
