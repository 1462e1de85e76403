import type { NodeMemory, Reign, Transition } from '@hotstandby/ports';
import type { Process } from './process.ts';

/** What a node keeps when its processes die. */
export class Disk {
  readonly nodeId: string;
  highestEpoch = 0;
  reign: Reign | null = null;
  storeId: string | null = null;
  /** Called with each transition, for a trace. */
  onJournal: (transition: Transition) => void = () => {};

  constructor(nodeId: string) {
    this.nodeId = nodeId;
  }

  /** As one process writes to it: not any more once that is dead. */
  of(process: Process): NodeMemory {
    return {
      nodeId: () => this.nodeId,
      highestEpoch: () => this.highestEpoch,
      rememberEpoch: (epoch) =>
        process.output(() => {
          this.highestEpoch = Math.max(this.highestEpoch, epoch);
        }),
      rememberedReign: () => this.reign,
      rememberReign: (reign) =>
        process.output(() => {
          this.reign = reign;
        }),
      storeId: () => this.storeId,
      bindStore: (storeId) => process.output(() => (this.storeId = storeId)),
      journal: (transition) => process.output(() => this.onJournal(transition)),
      // History has no part in the lease.
      unsent: () => [],
      markSent() {},
      close() {},
    };
  }
}
