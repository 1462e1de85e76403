export { leaseStoreConformance } from './lease-store.ts';
export type { LeaseStoreHarness, MakeHarness, OpenOptions } from './harness.ts';
export { everyKind, telemetrySinkConformance } from './telemetry-sink.ts';
export type { SinkHarness } from './telemetry-sink.ts';
export { deliveredSyslog } from './delivered-datagrams.ts';
export { claimAs } from './claim-as.ts';
export { recordStoreConformance } from './record-store.ts';
export type { MakeRecordHarness, RecordStoreHarness, SumView } from './record-harness.ts';
export { at, batch, flow, oddValues, put, syslog, trap } from './records.ts';
