import type { FileSelection } from './files.ts';

/** How our own names begin: fetched files, the manifest, a copy that is being made. Never synchronised. */
const reservedPrefix = '.hotstandby-';

const keptName = /\.kept-[A-Za-z0-9_-]+-\d{8}T\d{6}Z(-\d+)?$/;

/** Whether the path stays below the root wherever it is joined to it: relative, nothing but real names. */
export function isSafePath(path: string): boolean {
  if (path === '' || path.length > 4096 || path.includes('\0')) return false;
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..' && name.length <= 255);
}

/** A file of ours: kept aside, waiting or half made. It stays on the node that it is on. */
export function isReserved(path: string): boolean {
  return path.split('/').some((name) => name.startsWith(reservedPrefix) || keptName.test(name));
}

/** The end of the name under which an edited file is kept: `.kept-<node>-<time>`; `isoTime` as `2026-11-21T12:00:00.000Z`. */
export function keptSuffix(node: string, isoTime: string): string {
  return `.kept-${node}-${isoTime.replace(/[-:]/g, '').replace(/\.\d+/, '')}`;
}

/** The name that a kept file had; null when it is not one. */
export function keptFrom(path: string): string | null {
  return keptName.test(path) ? path.replace(keptName, '') : null;
}

export interface Selector {
  /** Whether this file is synchronised. */
  file(path: string): boolean;
  /** Whether a folder may hold files that are: others need not be looked at. */
  folder(path: string): boolean;
  /** Whether it is a file that was kept aside. */
  kept(path: string): boolean;
}

/** The selection less these paths and everything below them. */
export function without(select: Selector, paths: readonly string[]): Selector {
  if (paths.length === 0) return select;
  const left = (path: string) => !paths.some((one) => path === one || path.startsWith(`${one}/`));
  return {
    file: (path) => left(path) && select.file(path),
    folder: (path) => left(path) && select.folder(path),
    kept: (path) => select.kept(path),
  };
}

/** What both selections take. */
export function both(one: Selector, other: Selector): Selector {
  return {
    file: (path) => one.file(path) && other.file(path),
    folder: (path) => one.folder(path) && other.folder(path),
    kept: (path) => one.kept(path),
  };
}

/** Reads a selection once. Trailing slashes and `./` in its names mean nothing. */
export function selector(selection: FileSelection): Selector {
  const names = (list: string[]) => list.map((name) => name.replace(/^(\.\/)+/, '').replace(/\/+$/, ''));
  const include = {
    folders: names(selection.include.directories).filter((name) => name !== '.'),
    files: new Set(names(selection.include.files)),
  };
  const exclude = { folders: names(selection.exclude.directories), files: new Set(names(selection.exclude.files)) };
  const everything =
    selection.include.directories.some((name) => /^\.?\/*$/.test(name)) ||
    (include.folders.length === 0 && include.files.size === 0);
  const within = (path: string, folders: string[]) =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const leadsTo = (path: string) =>
    include.folders.some((folder) => folder.startsWith(`${path}/`)) ||
    [...include.files].some((file) => file.startsWith(`${path}/`));

  return {
    kept: (path) => keptName.test(path),
    file(path) {
      if (isReserved(path) || exclude.files.has(path) || within(path, exclude.folders)) return false;
      return everything || include.files.has(path) || within(path, include.folders);
    },
    folder(path) {
      if (path === '') return true;
      if (isReserved(path) || within(path, exclude.folders)) return false;
      return everything || within(path, include.folders) || leadsTo(path);
    },
  };
}
