import type { ManualClock } from '../manual-clock/index.ts';
import type { MemoryTables } from '../memory-lease-store/index.ts';
import type { GrantChecks } from './checks/grants.ts';
import type { Violations } from './checks/violations.ts';
import type { GuardedTables } from './guarded-tables.ts';
import type { HostClock } from './host-clock.ts';
import type { KnownBad } from './known-bad/index.ts';
import type { Mix } from './mix.ts';
import type { Moments } from './moments.ts';
import type { PeerLines } from './peer-line.ts';
import type { PolicyChecks } from './policies/policy-checks.ts';
import type { PolicyMix } from './policies/policy-mix.ts';
import type { SharedHistory } from './policies/shared-history.ts';
import type { Random } from './random.ts';
import type { StoreServer } from './store-server.ts';
import type { SimulatedTiming } from './timing.ts';

/** What few schedules have, and is counted to know that enough have it. */
export const counted = [
  'suspensions',
  'pauses',
  'forced take-overs',
  'claims forgotten with their claimer',
  'second promotions',
  'first claims forgotten',
  'schedules with policies',
  'hand-overs by health',
  'failbacks',
  'power cuts that lost something',
] as const;
export type Counted = (typeof counted)[number];

/** What all hosts of one schedule share. */
export interface World {
  clock: ManualClock;
  random: Random;
  mix: Mix;
  timing: SimulatedTiming;
  /** The length of the lease over that of profile fast: the times of faults go with it. */
  scale: number;
  variant: KnownBad | null;
  policies: PolicyMix | null;
  policyChecks: PolicyChecks | null;
  history: SharedHistory;
  tables: MemoryTables;
  server: StoreServer;
  guarded: GuardedTables;
  peerLines: PeerLines;
  moments: Moments;
  violations: Violations;
  grants: GrantChecks;
  handedOver: Set<number>;
  newClock: () => HostClock;
  nextId: () => number;
  /** One more of what few schedules have. */
  count: (what: Counted) => void;
  say: (what: string) => void;
}
