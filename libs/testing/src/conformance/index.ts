export { leaseStoreConformance } from './lease-store.ts';
export type { LeaseStoreHarness, MakeHarness, OpenOptions } from './harness.ts';
export { everyKind, telemetrySinkConformance } from './telemetry-sink.ts';
export type { SinkHarness } from './telemetry-sink.ts';
export { deliveredSyslog } from './delivered-datagrams.ts';
