export { leaseStoreConformance } from './lease-store.ts';
export type { LeaseStoreHarness, MakeHarness, OpenOptions } from './harness.ts';
