import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Metrics } from '@hotstandby/ports';

/** The ports' metrics on prom-client, with those of the process itself. Asking for a name twice gives the same metric. */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();

  constructor(labels: Record<string, string>) {
    this.#registry.setDefaultLabels(labels);
    // The default precision of 10 ms would wake every process of the node a hundred times a second.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 100 });
  }

  counter: Metrics['counter'] = (name, help, labelNames = []) => {
    const counter = this.#once(name, () => new Counter({ name, help, labelNames, registers: [this.#registry] }));
    return { add: (amount = 1, labels = {}) => counter.inc(labels, amount) };
  };

  gauge: Metrics['gauge'] = (name, help, labelNames = []) => {
    const gauge = this.#once(name, () => new Gauge({ name, help, labelNames, registers: [this.#registry] }));
    return { set: (value, labels = {}) => gauge.set(labels, value) };
  };

  histogram: Metrics['histogram'] = (name, help, buckets, labelNames = []) => {
    const make = () => new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] });
    const histogram = this.#once(name, make);
    return { observe: (value, labels = {}) => histogram.observe(labels, value) };
  };

  /** The text format of Prometheus, and its content type. */
  async expose(): Promise<{ type: string; text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #once<Kind>(name: string, make: () => Kind): Kind {
    return (this.#registry.getSingleMetric(name) as Kind | undefined) ?? make();
  }
}
