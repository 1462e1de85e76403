export { Collector, type CollectorParts } from './collector.ts';
export { defaultLimits, type CollectorLimits } from './limits.ts';
