import type { LeaseEffect, LeaseInput, LeaseState, step } from '@hotstandby/core/lease';
import type { decide } from '@hotstandby/core/policy';
import type { Clock, LeaseStore } from '@hotstandby/ports';
import type { MemoryTables } from '../../memory-lease-store/index.ts';
import type { GuardAt } from '../guarded-tables.ts';
import type { Random } from '../random.ts';

/**
 * A way to get the lease wrong that somebody could get it wrong in. The simulator must notice each.
 * `withinSeeds`: so many schedules from seed 1 on are enough, with room for what changes in the services.
 */
export interface KnownBad {
  name: string;
  /** What goes wrong, in a sentence. */
  why: string;
  withinSeeds: number;
  decide?: typeof step;
  /** What the policies make of what is known. Shows in schedules with policies alone. */
  decidePolicy?: typeof decide;
  /** Shows in schedules with policies alone. */
  inPolicies?: true;
  /** The store with one thing left out. */
  store?: (store: LeaseStore, at: StorePlace) => LeaseStore;
  guard?: GuardAt;
  gate?: 'asked-once' | 'unasked';
  clock?: 'wall';
}

export interface StorePlace {
  tables: MemoryTables;
  clock: Clock;
  random: Random;
}

export interface Stepped {
  state: LeaseState;
  effects: LeaseEffect[];
}

export type { LeaseEffect, LeaseInput, LeaseState };
