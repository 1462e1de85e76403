import { lstat, mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { CodedError } from '@hotstandby/contracts';

/**
 * The folder where fetched files wait: beside the root, so that programs which read the root never see it; inside the
 * root, under a name that is never synchronised, when the root is a file system of its own or its parent is not ours.
 */
export async function stagingFolder(root: string): Promise<string> {
  const full = resolve(root);
  const beside = join(dirname(full), `.${basename(full)}.hotstandby-sync`);
  try {
    const here = await stat(full).catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    // The root is made by the first pull, on the file system of what is beside it.
    if (!here) return beside;
    // Not recursive: then a parent that cannot be written is told as ENOENT, as if the root were missing.
    await mkdir(beside, { mode: 0o700 }).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    if ((await stat(beside)).dev === here.dev) return beside;
  } catch {
    // Inside, then: whether that can be written shows when something is fetched.
  }
  return join(full, '.hotstandby-sync');
}

/** The absolute path of a file below `root`; throws `HS_SYNC_PATH` when it would not be below it. */
export function inside(root: string, path: string): string {
  const full = resolve(root, path);
  const plain = !path.split('/').some((name) => name === '' || name === '.' || name === '..');
  if (plain && full.startsWith(root.endsWith(sep) ? root : root + sep)) return full;
  throw new CodedError('HS_SYNC_PATH', `not a path below ${root}: ${JSON.stringify(path)}`);
}

/** What is at the path itself: a symbolic link is not followed. Null: nothing. */
export async function look(path: string): Promise<Awaited<ReturnType<typeof lstatBig>> | null> {
  return await lstatBig(path).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
}

const lstatBig = (path: string) => lstat(path, { bigint: true });

export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errorCode(error));
}

export function errorCode(error: unknown): string {
  return (error as { code?: string } | null)?.code ?? '';
}
