import type { Grant } from '@hotstandby/contracts';
import type { MemoryTables } from '../memory-lease-store/index.ts';
import type { Violations } from './checks/violations.ts';

/** Where a stale writer is found out: at the end, together with the commit, or (known-bad) before it copies. */
export type GuardAt = 'commit' | 'copy';

/** What the active writes into the store: each transaction ends with the check of epoch and incarnation. */
export class GuardedTables {
  readonly #tables: MemoryTables;
  readonly #violations: Violations;
  readonly #guardAt: GuardAt;
  readonly #highestEpoch: () => number;
  accepted = 0;
  stale = 0;

  constructor(tables: MemoryTables, violations: Violations, guardAt: GuardAt, highestEpoch: () => number) {
    this.#tables = tables;
    this.#violations = violations;
    this.#guardAt = guardAt;
    this.#highestEpoch = highestEpoch;
  }

  /** False: refused. */
  copy(guard: Pick<Grant, 'incarnation'> & { epoch: number }): boolean {
    return this.#guardAt === 'commit' || this.#holds(guard);
  }

  commit(host: string, guard: Pick<Grant, 'incarnation'> & { epoch: number }): boolean {
    if (this.#guardAt === 'commit' && !this.#holds(guard)) {
      this.stale += 1;
      return false;
    }
    this.accepted += 1;
    const { epoch } = this.#tables.reign;
    if (guard.epoch !== epoch || guard.epoch < this.#highestEpoch())
      this.#violations.violate(3, `a write of ${host} under epoch ${guard.epoch} was committed in epoch ${epoch}`);
    return true;
  }

  #holds({ epoch, incarnation }: Pick<Grant, 'incarnation'> & { epoch: number }): boolean {
    const { reign, timeline } = this.#tables;
    return reign.epoch === epoch && reign.holderIncarnation === incarnation && reign.timeline === timeline;
  }
}
