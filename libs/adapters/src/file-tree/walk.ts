import type { BigIntStats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Selector } from '@hotstandby/ports';
import { errorCode, isMissing, look } from './folders.ts';

export interface Found {
  files: { path: string; full: string; stat: BigIntStats }[];
  /** Files and folders that were kept aside. */
  kept: string[];
  unreadable: string[];
  skipped: number;
}

/** All regular files that `select` takes. Symbolic links are not followed; what vanishes meanwhile is left out. Throws when the root cannot be read. */
export async function walk(root: string, select: Selector): Promise<Found> {
  const found: Found = { files: [], kept: [], unreadable: [], skipped: 0 };
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
      if (folder === '') throw error;
      if (!isMissing(error)) found.unreadable.push(folder);
      return [];
    });
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (select.kept(path)) found.kept.push(path);
      if (entry.isDirectory()) {
        if (select.folder(path)) folders.push(path);
      } else if (select.file(path)) {
        await take(root, path, found);
      }
    }
  }
  return found;
}

async function take(root: string, path: string, found: Found): Promise<void> {
  const full = join(root, path);
  // A name that is not UTF-8 does not come back as it was: nothing could be done with it.
  const stat = path.includes('\uFFFD') ? null : await look(full).catch((error: unknown) => errorCode(error));
  if (typeof stat === 'string') found.unreadable.push(path);
  else if (stat?.isFile()) found.files.push({ path, full, stat });
  else found.skipped++;
}
