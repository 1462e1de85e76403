import { TrafficSums, type FlowsToSum } from '@hotstandby/core/traffic';
import type { GatheredSums } from '@hotstandby/ports';

/** Flows of several messages as sums: room for each conversation, not for each flow. */
export class GatheredFlows implements GatheredSums {
  readonly sums = new TrafficSums();
  #flows = 0;

  get flows(): number {
    return this.#flows;
  }

  get rows(): number {
    return this.sums.size;
  }

  add(flows: FlowsToSum): void {
    this.#flows += flows.flows;
    this.sums.addAll(flows);
  }
}
