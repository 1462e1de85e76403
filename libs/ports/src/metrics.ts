export type Labels = Record<string, string>;

export interface Counter {
  add(amount?: number, labels?: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/**
 * What a service counts, exported as Prometheus metrics. Names are snake case, start with `hotstandby_` and end with
 * the unit (`_total`, `_seconds`, `_bytes`). Label values come from a small fixed set, never from the network.
 */
export interface Metrics {
  counter(name: string, help: string, labelNames?: string[]): Counter;
  gauge(name: string, help: string, labelNames?: string[]): Gauge;
  histogram(name: string, help: string, buckets: number[], labelNames?: string[]): Histogram;
}
