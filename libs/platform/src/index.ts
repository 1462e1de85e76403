export type { Foundation, Parts, Wire, Wiring } from './foundation.ts';
export { faultLine, loadConfig, type LoadFault, type LoadResult } from './load-config.ts';
export { openLog, type ProcessLog } from './log/index.ts';
export { PrometheusMetrics } from './prometheus-metrics.ts';
export { runService } from './run-service.ts';
export { serviceArguments } from './service-arguments.ts';
export { startService, type RunningService } from './start-service.ts';
