import type { BigIntStats } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { digestOf } from './digest.ts';

/** What says that a file was not touched: size, both times (ns), inode. */
const stampOf = (stat: BigIntStats) => `${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}:${stat.ino}`;

// The kernel's file times move in steps of some milliseconds: a file that changed this lately may change again unseen.
const settledMs = 1000;
const saveEveryMs = 60_000;

interface Entry {
  stamp: string;
  digest: string;
  /** Old enough when it was read. */
  settled: boolean;
}

/** Digests of files that have not changed since they were read; on disk too, so that a restart does not read everything. */
export class DigestCache {
  readonly #file: string;
  readonly #maxEntries: number;
  #entries: Map<string, Entry> | null = null;
  #next = new Map<string, Entry>();
  #changed = false;
  #savedAtMs = 0;

  constructor(file: string, maxEntries = 200_000) {
    this.#file = file;
    this.#maxEntries = maxEntries;
  }

  async begin(): Promise<void> {
    this.#entries ??= await load(this.#file);
    this.#next = new Map();
  }

  async digest(path: string, full: string, stat: BigIntStats): Promise<string> {
    const stamp = stampOf(stat);
    const known = this.#entries?.get(path);
    const settled = Date.now() - Number(stat.ctimeMs) > settledMs;
    if (known?.settled && known.stamp === stamp) {
      this.#next.set(path, known);
      return known.digest;
    }
    const digest = await digestOf(full);
    this.#changed = true;
    if (this.#next.size < this.#maxEntries) this.#next.set(path, { stamp, digest, settled });
    return digest;
  }

  /** Forgets what this scan did not meet; writes to disk now and then. */
  async end(): Promise<void> {
    this.#entries = this.#next;
    this.#next = new Map();
    if (!this.#changed || Date.now() - this.#savedAtMs < saveEveryMs) return;
    this.#changed = false;
    this.#savedAtMs = Date.now();
    const settled = [...this.#entries].flatMap(([path, entry]) => (entry.settled ? [[path, entry.stamp, entry.digest]] : [])); // prettier-ignore
    // Only a cache: that it cannot be written costs time at the next start, nothing else.
    await writeFile(`${this.#file}.new`, JSON.stringify(settled), { mode: 0o600 })
      .then(() => rename(`${this.#file}.new`, this.#file))
      .catch(() => {});
  }
}

async function load(file: string): Promise<Map<string, Entry>> {
  try {
    const rows = JSON.parse(await readFile(file, 'utf8')) as [string, string, string][];
    return new Map(rows.map(([path, stamp, digest]) => [path, { stamp, digest, settled: true }]));
  } catch {
    return new Map();
  }
}
