import { afterEach, beforeEach, describe } from 'vitest';
import type { LeaseStoreHarness, MakeHarness } from './harness.ts';
import { leaseStoreFaults } from './lease-store-faults.ts';
import { leaseStorePause } from './lease-store-pause.ts';
import { leaseStoreRaces } from './lease-store-races.ts';
import { leaseStoreRules } from './lease-store-rules.ts';
import { leaseStoreTimeline } from './lease-store-timeline.ts';

/** What every `LeaseStore` must do, on a real server: the same for each kind of store. */
export function leaseStoreConformance(name: string, makeHarness: MakeHarness): void {
  describe(`lease store on ${name}`, () => {
    let made: LeaseStoreHarness | null = null;
    const harness = () => {
      if (!made) throw new Error('no harness outside a test');
      return made;
    };
    beforeEach(async () => {
      made = await makeHarness();
    });
    afterEach(async () => {
      await made?.close();
      made = null;
    });
    describe('rules', () => leaseStoreRules(harness));
    describe('pause', () => leaseStorePause(harness));
    describe('timeline', () => leaseStoreTimeline(harness));
    describe('races', () => leaseStoreRaces(harness));
    describe('faults', () => leaseStoreFaults(harness));
  });
}
