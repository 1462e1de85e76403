/** A regular file under the synchronised root. */
export interface FileState {
  /** Relative to the root, with `/`. */
  path: string;
  size: number;
  modifiedMs: number;
  /** Permission bits. */
  mode: number;
  /** SHA-256, hex. */
  digest: string;
}

/** A file of the active as its manifest tells it. */
export interface ActiveFile extends FileState {
  /** What this path held when it last came from the other node; null: it was made or first seen there. */
  received: string | null;
}

/** The active's whole state. */
export interface ActiveTree {
  files: ActiveFile[];
  /** What the active offers: a file outside of it has not vanished there. */
  selection: FileSelection;
  /** Files that the active once got from the other node and that were removed there since. */
  gone: { path: string; received: string }[];
}

/** What this node knows about a path that came from the active. */
export interface InstalledFile {
  digest: string | null;
  /** Mode and time that came with it (`attributesOf`): told apart from those that this file system made of them. */
  attributes?: string | undefined;
  /** What was about to be put in place when the record was written: after a crash the file may be either. */
  pending?: string | undefined;
}
export type Installed = ReadonlyMap<string, InstalledFile>;

/** Names relative to the root, as literal paths. An empty include means everything; an exclude wins inside an include. */
export interface FileSelection {
  include: { directories: string[]; files: string[] };
  exclude: { directories: string[]; files: string[] };
}
