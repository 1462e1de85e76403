import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rmdir, stat, unlink, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { errorCode, inside, isMissing, look } from './folders.ts';

/** Carries out single steps on the root. `seen` is what the last scan met: a file that differs from it was edited since, and is kept. */
export class Installer {
  readonly #root: string;
  readonly #incoming: string;
  readonly #parked: string;
  #count = 0;

  constructor(root: string, staging: { incoming: string; parked: string }) {
    this.#root = root;
    this.#incoming = staging.incoming;
    this.#parked = staging.parked;
  }

  /** Moves whatever is there to another name beside it. */
  async keep(path: string, suffix: string): Promise<void> {
    const full = inside(this.#root, path);
    if (!(await this.#solidParents(path)) || !(await look(full))) return;
    await rename(full, await freeName(full, suffix));
  }

  async remove(path: string, suffix: string, seen: BigIntStats | undefined): Promise<void> {
    const full = inside(this.#root, path);
    if (!(await this.#solidParents(path))) return;
    const present = await look(full);
    if (!present?.isFile()) return;
    if (!same(present, seen)) return await this.keep(path, suffix);
    const parked = await this.#park();
    await rename(full, parked).catch(async (error: unknown) => {
      if (errorCode(error) !== 'EXDEV') throw error;
      await unlink(full);
    });
    await this.#settle(parked, full, suffix, seen);
    await this.#prune(dirname(full));
  }

  async install(path: string, suffix: string, seen: BigIntStats | undefined): Promise<void> {
    const full = inside(this.#root, path);
    const fetched = inside(this.#incoming, path);
    await flush(fetched);
    await this.#makeParents(path, suffix);
    const present = await look(full);
    if (present && !(present.isFile() && same(present, seen))) {
      // An empty folder is nothing to keep; a full one, a link or an edited file is.
      const emptied = present.isDirectory() && (await rmdir(full).then(() => true, () => false)); // prettier-ignore
      if (!emptied) await this.keep(path, suffix);
    }
    if (await look(full)) {
      const parked = await this.#park();
      const linked = await link(full, parked).then(() => true, () => false); // prettier-ignore
      await moveOver(fetched, full);
      if (linked) await this.#settle(parked, full, suffix, seen);
      return;
    }
    // A link never replaces what somebody else made just now; where links cannot be, the rename does.
    await link(fetched, full).catch(async (error: unknown) => {
      if (errorCode(error) === 'EEXIST') await this.keep(path, suffix);
      await moveOver(fetched, full);
    });
    await unlink(fetched).catch(() => {});
  }

  /** The replaced file is thrown away, unless it was written to until the last moment. */
  async #settle(parked: string, full: string, suffix: string, seen: BigIntStats | undefined): Promise<void> {
    const was = await look(parked);
    if (!was) return;
    if (same(was, seen)) await unlink(parked);
    else await rename(parked, await freeName(full, suffix));
  }

  async #park(): Promise<string> {
    await mkdir(this.#parked, { recursive: true, mode: 0o700 });
    return join(this.#parked, `${process.pid}-${this.#count++}`);
  }

  /** Whether every folder on the way is a real one: a link could lead anywhere. */
  async #solidParents(path: string): Promise<boolean> {
    for (const parent of parentsOf(path)) {
      const present = await look(inside(this.#root, parent));
      if (!present?.isDirectory()) return false;
    }
    return true;
  }

  async #makeParents(path: string, suffix: string): Promise<void> {
    for (const parent of parentsOf(path)) {
      const full = inside(this.#root, parent);
      const present = await look(full);
      if (present?.isDirectory()) continue;
      if (present) await rename(full, await freeName(full, suffix));
      const { mode } = await stat(inside(this.#incoming, parent));
      await mkdir(full, { mode: mode & 0o777 });
    }
  }

  async #prune(folder: string): Promise<void> {
    for (let at = folder; relative(this.#root, at) !== ''; at = dirname(at)) {
      if (!(await rmdir(at).then(() => true, () => false))) return; // prettier-ignore
    }
  }
}

function parentsOf(path: string): string[] {
  const names = path.split('/');
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'));
}

function same(one: BigIntStats, other: BigIntStats | undefined): boolean {
  return other !== undefined && one.size === other.size && one.mtimeNs === other.mtimeNs && one.ino === other.ino;
}

async function freeName(full: string, suffix: string): Promise<string> {
  // A name has at most 255 bytes.
  let name = basename(full);
  while (Buffer.byteLength(name + suffix) > 248) name = name.slice(0, -1);
  for (let attempt = 1; ; attempt++) {
    const candidate = join(dirname(full), `${name}${suffix}${attempt === 1 ? '' : `-${attempt}`}`);
    if (!(await look(candidate))) return candidate;
  }
}

/** One atomic rename; where a file system of its own is mounted below the root, a copy beside the target first. */
async function moveOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error;
    const copy = join(dirname(to), `.hotstandby-tmp-${process.pid}`);
    const { atime, mtime } = await stat(from);
    await copyFile(from, copy, constants.COPYFILE_FICLONE);
    await utimes(copy, atime, mtime);
    await flush(copy);
    await rename(copy, to);
    await unlink(from);
  }
}

async function flush(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.sync();
  } catch (error) {
    if (!isMissing(error) && errorCode(error) !== 'EINVAL') throw error;
  } finally {
    await file.close();
  }
}
