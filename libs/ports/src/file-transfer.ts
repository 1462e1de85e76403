import type { FileState, Installed, Selector, SyncStep } from '@hotstandby/core/sync-plan';

export type { FileState, FileSelection, Selector, SyncStep, Installed } from '@hotstandby/core/sync-plan';

/** What is wrong, with a code of the list, and what a person can do. */
export interface TransferFault {
  code: string;
  message: string;
  cure: string;
}

/**
 * The active's files brought to the standby. The active serves and offers a manifest; the standby asks for the manifest
 * and then for files. Every method throws with an `HS_SYNC_...` (or port) code.
 */
export interface FileTransfer {
  /** What this host lacks to do the job, or null. */
  unable(): Promise<TransferFault | null>;
  /** Serves this node's files to the peer until stopped: key only, the root only, read only. Restarts what dies; `onFault` hears of it (null: it runs again). */
  serve(onFault: (fault: TransferFault | null) => void): Promise<{ stop(): Promise<void> }>;
  /** The manifest that is served from now on, one JSON text; null: there is none. */
  offer(manifest: string | null): Promise<void>;
  /** The peer's manifest; `hints` are files that are fetched along with it, as far as they are there. */
  manifest(hints: string[], signal: AbortSignal): Promise<string>;
  /** Brings these files of the peer into the folder of fetched files; the root is not touched. `problem`: some could not be read there. */
  fetch(paths: string[], signal: AbortSignal): Promise<{ transferredBytes: number; problem: TransferFault | null }>;
}

export interface Scan {
  files: FileState[];
  /** Files that were kept aside, as they are called now. */
  kept: string[];
  /** Files and folders that could not be read: nobody knows what they hold now. */
  unreadable: string[];
  /** Symbolic links, sockets and names that are not UTF-8: never synchronised. */
  skipped: number;
}

/** The synchronised folder on this node, and the folder of fetched files beside it. */
export interface FileTree {
  /** Files that `select` takes, with their digests; unchanged ones (size, times, inode) are not read again. */
  scan(select: Selector): Promise<Scan>;
  /**
   * Checks fetched files: returns those whose digest (of the first `size` bytes; what was appended since is cut off) is
   * the given one.
   */
  verify(expected: readonly FileState[]): Promise<Set<string>>;
  /** Puts one step into effect; never writes outside the root nor through a symbolic link. What stood in the way is kept aside. */
  apply(step: SyncStep, keptSuffix: string): Promise<void>;
  /** Throws fetched files away. */
  clear(): Promise<void>;
  /** Calls back, debounced, when something that `select` takes may have changed. Survives errors; null when it works again. */
  watch(select: Selector, onChange: () => void, onFault: (fault: TransferFault | null) => void): () => void;
  freeBytes(): Promise<number>;
}

/** What file-sync remembers on the node's own disk. */
export interface SyncMemory {
  /** The epoch of the last manifest that was taken. */
  epoch: number;
  installed: Installed;
  /** Kept files that were told of. */
  announced: string[];
}

export interface SyncMemoryStore {
  /** Empty at first use; what cannot be read counts as empty, and every difference then as an edit that is kept. */
  load(): Promise<SyncMemory>;
  /** On disk when it resolves. */
  save(memory: SyncMemory): Promise<void>;
}
