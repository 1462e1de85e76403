import type { Emit, Place } from '@hotstandby/contracts';
import type {
  Bus,
  Clock,
  FileSelection,
  FileTransfer,
  FileTree,
  Logger,
  Metrics,
  SyncMemoryStore,
} from '@hotstandby/ports';

export interface FileSyncSettings {
  /** The other node. */
  peer: string;
  selection: FileSelection;
  intervalSeconds: number;
}

export interface FileSyncParts {
  bus: Bus;
  clock: Clock;
  place: Place;
  log: Logger;
  metrics: Metrics;
  emit: Emit;
  transfer: FileTransfer;
  tree: FileTree;
  memory: SyncMemoryStore;
  settings: FileSyncSettings;
}
