import type { LeaseState } from '@hotstandby/core/lease';
import type { Violations } from './violations.ts';

export interface Holder {
  name: string;
  /** The epoch of an unexpired grant, as the arbiter or any gate of the host has it at this true time; null: none. */
  holding(): number | null;
}

/**
 * Invariant 1: at any instant of true time at most one node holds an unexpired grant. A grant that nobody takes away ends
 * by itself, so an overlap begins when somebody gets one: that is when it is looked for. A frozen process counts: its
 * grant is unexpired until its deadline.
 */
export class GrantChecks {
  readonly #violations: Violations;
  readonly #holders: () => readonly Holder[];
  /** By host and epoch: the latest deadline that its arbiter ever gave, on that host's clock. */
  readonly #deadlines = new Map<string, number>();
  /** Two replicas were promoted at once (docs/proof.md): until who remembers is heard, epochs may go back. */
  epochsMayGoBack = false;
  /** The highest epoch that any node was active under, and which node that was. */
  highestEpoch = 0;
  #highest = '';

  constructor(violations: Violations, holders: () => readonly Holder[]) {
    this.#violations = violations;
    this.#holders = holders;
  }

  decided(host: Holder, before: LeaseState, after: LeaseState): void {
    const { grant } = after;
    if (!grant || grant === before.grant || after.role !== 'active') return;
    const key = `${host.name} ${grant.epoch}`;
    this.#deadlines.set(key, Math.max(grant.deadlineMs, this.#deadlines.get(key) ?? Number.NEGATIVE_INFINITY));
    if (grant.epoch < this.highestEpoch && !this.epochsMayGoBack) {
      this.#violations.violate(2, `${host.name} got a grant of epoch ${grant.epoch} after one of ${this.highestEpoch}`);
    }
    if (grant.epoch > this.highestEpoch) {
      this.highestEpoch = grant.epoch;
      this.#highest = host.name;
    }
    this.looked(host);
  }

  /** The store forgot the very first claim: its epoch may be given once more, to one after the other. */
  forgotFirst(): void {
    this.highestEpoch = 0;
  }

  /** A host's arbiter or gate has a grant, maybe a longer one than before. */
  looked(host: Holder): void {
    for (const other of this.#holders()) {
      if (other === host) continue;
      const epoch = other.holding();
      if (epoch === null) continue;
      const own = host.holding();
      if (own !== null) this.#violations.violate(1, `${host.name} holds ${own} while ${other.name} holds ${epoch}`);
    }
  }

  /** Another host was active under a higher epoch. */
  isPast(host: string, epoch: number): boolean {
    return !this.epochsMayGoBack && epoch < this.highestEpoch && host !== this.#highest;
  }

  /** Until when, on its own clock, a host was ever granted an epoch. */
  deadlineMs(host: string, epoch: number): number {
    return this.#deadlines.get(`${host} ${epoch}`) ?? Number.NEGATIVE_INFINITY;
  }
}
