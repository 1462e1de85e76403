export { WorkloadWatch, type WatchedCheck, type WorkloadWatchParts } from './workload-watch.ts';
