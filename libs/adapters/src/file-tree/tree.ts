import type { BigIntStats } from 'node:fs';
import { mkdir, rm, statfs, truncate, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CodedError } from '@hotstandby/contracts';
import type { FileState, FileTree, Scan, Selector, SyncStep, TransferFault } from '@hotstandby/ports';
import { DigestCache } from './digest-cache.ts';
import { digestOf } from './digest.ts';
import { errorCode, inside, isMissing, look } from './folders.ts';
import { Installer } from './install.ts';
import { walk } from './walk.ts';
import { watchTree } from './watch.ts';

/** The synchronised folder on a local file system. Inert until first use. */
export class FolderTree implements FileTree {
  readonly #root: string;
  readonly #incoming: string;
  readonly #parked: string;
  readonly #cache: DigestCache;
  readonly #installer: Installer;
  #seen = new Map<string, BigIntStats>();

  /** `stagingDir`: of `stagingFolder`; `cacheFile`: digests of unchanged files. */
  constructor(options: { root: string; stagingDir: string; cacheFile: string }) {
    this.#root = resolve(options.root);
    this.#incoming = incomingFolder(options.stagingDir);
    this.#parked = join(options.stagingDir, 'replaced');
    this.#cache = new DigestCache(options.cacheFile);
    this.#installer = new Installer(this.#root, { incoming: this.#incoming, parked: this.#parked });
  }

  async scan(select: Selector): Promise<Scan> {
    const found = await walk(this.#root, select).catch((error: unknown) => {
      throw new CodedError('HS_SYNC_UNREADABLE', `${this.#root} cannot be read: ${String(error)}`, { cause: error });
    });
    const { kept, unreadable, skipped } = found;
    const files: FileState[] = [];
    const seen = new Map<string, BigIntStats>();
    await this.#cache.begin();
    for (const { path, full, stat } of found.files) {
      try {
        const digest = await this.#cache.digest(path, full, stat);
        seen.set(path, stat);
        files.push({
          path,
          size: Number(stat.size),
          modifiedMs: millis(stat.mtimeNs),
          mode: Number(stat.mode) & 0o777,
          digest,
        });
      } catch (error) {
        if (!isMissing(error)) unreadable.push(path);
      }
    }
    await this.#cache.end();
    this.#seen = seen;
    return { files, kept, unreadable, skipped };
  }

  async verify(expected: readonly FileState[]): Promise<Set<string>> {
    const good = new Set<string>();
    for (const { path, size, digest, modifiedMs } of expected) {
      const full = inside(this.#incoming, path);
      const present = await look(full);
      if (!present?.isFile() || present.size < size) continue;
      if ((await digestOf(full, size)) !== digest) continue;
      if (present.size > size) {
        // A log grew since the manifest was made: its beginning is what the manifest speaks of.
        await truncate(full, size);
        await utimes(full, modifiedMs / 1000, modifiedMs / 1000);
      }
      good.add(path);
    }
    return good;
  }

  async apply(step: SyncStep, keptSuffix: string): Promise<void> {
    try {
      if (step.do === 'keep') await this.#installer.keep(step.path, keptSuffix);
      else await this.#installer[step.do](step.path, keptSuffix, this.#seen.get(step.path));
    } catch (error) {
      if (error instanceof CodedError) throw error;
      const code = ['ENOSPC', 'EDQUOT'].includes(errorCode(error)) ? 'HS_SYNC_SPACE' : 'HS_SYNC_UNREADABLE';
      throw new CodedError(code, `cannot ${step.do} ${step.path}: ${String(error)}`, { cause: error });
    }
  }

  async clear(): Promise<void> {
    await rm(this.#incoming, { recursive: true, force: true });
    await rm(this.#parked, { recursive: true, force: true });
  }

  watch(select: Selector, onChange: () => void, onFault: (fault: TransferFault | null) => void): () => void {
    return watchTree(this.#root, select, onChange, onFault);
  }

  async freeBytes(): Promise<number> {
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(this.#incoming);
    return bavail * bsize;
  }
}

/** Where the transfer puts fetched files. */
export const incomingFolder = (stagingDir: string): string => join(resolve(stagingDir), 'incoming');

// A double holds today's time in ms to a quarter of a microsecond: the same on both nodes for the same ns.
const millis = (ns: bigint) => Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / 1e6;
