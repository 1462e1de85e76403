import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { allProcesses, familyOf, isAlive, processEntry, processesMarked, signal } from './process-table.ts';

/** In the environment of everything that a pair starts, so that it is known even when its parent is gone. */
export const markName = 'HOTSTANDBY_PAIR';

interface Recorded {
  pid: number;
  startedAt: number;
}

/** A list on disk of the processes that were started, for the next start in case this one is killed. */
export class ProcessRecord {
  readonly #file: string;
  readonly #known = new Map<number, Recorded>();

  constructor(runFolder: string) {
    this.#file = path.join(runFolder, 'processes.json');
  }

  add(pid: number): void {
    const entry = processEntry(pid);
    if (entry) this.#known.set(pid, { pid, startedAt: entry.startedAt });
    this.#write();
  }

  remove(pid: number): void {
    if (this.#known.delete(pid)) this.#write();
  }

  clear(): void {
    this.#known.clear();
    rmSync(this.#file, { force: true });
  }

  /** What an earlier launcher wrote down; nothing when the file is missing or torn. */
  read(): Recorded[] {
    try {
      return existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, 'utf8')) as Recorded[]) : [];
    } catch {
      return [];
    }
  }

  #write(): void {
    mkdirSync(path.dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify([...this.#known.values()]));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/**
 * Ends what a launcher that was killed left running: only processes that it wrote down (same id and same start) with
 * their descendants, and those that carry this pair's mark. Returns how many there were.
 */
export async function endLeftovers(record: ProcessRecord, data: string): Promise<number> {
  const own = new Set([process.pid, process.ppid]);
  const find = () => {
    const roots = new Set(
      record
        .read()
        .filter(isAlive)
        .map((one) => one.pid),
    );
    const marked = processesMarked(`${markName}=${data}`).filter((entry) => entry.state !== 'Z');
    return [...familyOf(roots, allProcesses()), ...marked].filter((entry) => !own.has(entry.pid));
  };
  const ended = new Set<number>();
  for (let round = 0; round < 100; round++) {
    const left = find();
    if (left.length === 0) break;
    for (const { pid } of left) {
      ended.add(pid);
      signal(pid, 'SIGKILL');
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  record.clear();
  return ended.size;
}
