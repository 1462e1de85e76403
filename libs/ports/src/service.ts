/** How a service is doing, in its own words. */
export interface ServiceReport {
  health: 'ok' | 'degraded' | 'failed';
  /** One sentence a person understands. */
  summary: string;
  /** Numbers and words for `status`; small, no secrets. */
  detail: Record<string, unknown>;
}

/** A service's loops: constructed inert, started, stopped; a shell (`apps/*`) runs exactly one. */
export interface Service {
  /** Resolves when it does its job, or waits by itself for what is missing. Throws only on what waiting cannot mend. */
  start(): Promise<void>;
  /** No timer, subscription, socket or child process of it is left afterwards. */
  stop(): Promise<void>;
  report(): ServiceReport;
}
