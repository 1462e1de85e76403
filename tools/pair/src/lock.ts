import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@hotstandby/contracts';

/** What a running pair says of itself to whoever finds the folder taken. */
export interface Announcement {
  pid: number;
  data: string;
  /** Where it can be reached. */
  consoles: string[];
}

/**
 * The data folder for one launcher at a time: a lock of the kernel on a file, so it ends with the process however that
 * ends. Throws `HS_DATA_LOCKED` with the address of who holds it.
 */
export class DataLock {
  readonly #database: DatabaseSync;
  readonly #announcement: string;

  constructor(data: string) {
    mkdirSync(data, { recursive: true });
    this.#announcement = path.join(data, 'pair.json');
    this.#database = new DatabaseSync(path.join(data, 'pair.lock'), { timeout: 0 });
    try {
      this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (error) {
      this.#database.close();
      const other = readAnnouncement(this.#announcement);
      const where = other
        ? `process ${other.pid}, consoles ${other.consoles.join(' and ')}`
        : 'it has only just started';
      throw new CodedError('HS_DATA_LOCKED', `A pair is running already with the data in ${data}: ${where}.`, {
        cause: error,
        cure: 'Use the one that runs, stop it with q or Ctrl-C, or give another folder with --data and other addresses with --net.',
      });
    }
  }

  announce(announcement: Announcement): void {
    writeFileSync(this.#announcement, JSON.stringify(announcement));
  }

  /** Calling it twice does no harm. */
  release(): void {
    if (!this.#database.isOpen) return;
    rmSync(this.#announcement, { force: true });
    this.#database.close();
  }
}

function readAnnouncement(file: string): Announcement | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Announcement;
  } catch {
    return null;
  }
}
