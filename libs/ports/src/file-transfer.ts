/** A file under the synchronised root: path with `/`, relative. */
export interface FileState {
  path: string;
  size: number;
  modifiedMs: number;
  /** SHA-256, hex. */
  digest: string;
}

export interface FileSelection {
  include: { directories: string[]; files: string[] };
  exclude: { directories: string[]; files: string[] };
}

/** Files of the active brought to this node. Every method throws with an `HS_SYNC_...` code. */
export interface FileTransfer {
  /** Serves this node's files to the peer until stopped: key only, restricted to the root, read only. */
  serve(): Promise<{ stop(): Promise<void> }>;
  /** Brings what differs from the peer's root into a folder beside ours; ours is not touched yet. */
  fetch(selection: FileSelection, signal: AbortSignal): Promise<{ transferredBytes: number }>;
  /** Puts fetched files in place, one atomic rename each; `aside` are ours that were changed here, kept under another name. */
  install(paths: string[], aside: string[], remove: string[]): Promise<void>;
}

/** The synchronised folder on this node. */
export interface FileTree {
  /** Files of the selection with their digests; unchanged files (size, time) are not read again. */
  scan(selection: FileSelection, which: 'live' | 'fetched'): Promise<FileState[]>;
  /** Calls back, debounced, when something under the root changed. */
  watch(onChange: () => void): () => void;
  freeBytes(): Promise<number>;
}
