import type { Reign, Transition } from './lease-store.ts';

/**
 * What a node remembers on its own disk, behind the lock on its data directory: whoever holds the lock is the only
 * incarnation of the node that runs on this machine.
 */
export interface NodeMemory {
  /** Random, made at first start. */
  nodeId(): string;
  highestEpoch(): number;
  /** Only ever upwards; on disk before it returns. */
  rememberEpoch(epoch: number): void;
  /** The highest reign that was seen, whole; null: none yet. */
  rememberedReign(): Reign | null;
  /** On disk before it returns. */
  rememberReign(reign: Reign): void;
  /** The store this node belongs to; null before the first start succeeded. */
  storeId(): string | null;
  bindStore(storeId: string): void;
  /** Transitions written here first, and copied to the store when it is there. */
  journal(transition: Transition): void;
  unsent(limit: number): Transition[];
  markSent(ids: string[]): void;
  close(): void;
}
