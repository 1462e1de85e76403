import { randomUUID } from 'node:crypto';
import { closeSync, fdatasync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError, reign as reignSchema } from '@hotstandby/contracts';
import type { NodeMemory, Reign, Transition } from '@hotstandby/ports';

const busy = 5;
/** Transitions that the store has are kept this long for people who look at the file. */
const keptSent = 1000;

/**
 * The node's memory as one SQLite file, opened in exclusive mode: the kernel's lock on it is the lock on the data
 * directory, and the kernel drops it when the process is gone, however it went.
 *
 * Commits are with the kernel at once, and so outlive the process; to the disk itself they are forced in the background.
 * Nobody waits for that: a commit that waits holds up the arbiter for as long as the disk is busy with others' writes,
 * which may be longer than a grant (`docs/lease.md`, "What a power cut may take").
 *
 * Throws `HS_DATA_LOCKED`, `HS_DATA_UNUSABLE`.
 */
export function openNodeMemory(dataDir: string): NodeMemory {
  const file = join(dataDir, 'node.db');
  let database: DatabaseSync;
  let log: Forced;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(file);
    database.exec(`
      pragma locking_mode = exclusive;
      pragma journal_mode = wal;
      pragma synchronous = normal;
      begin exclusive;
      create table if not exists fact (name text primary key, value text not null) strict;
      create table if not exists journal (
        position integer primary key, id text not null unique, transition text not null, sent integer not null default 0
      ) strict;
      insert or ignore into fact values ('node-id', '${randomUUID()}'), ('highest-epoch', '0');
      commit;
      pragma wal_checkpoint(truncate);`);
    // What was committed since the last checkpoint. Nobody has a lock on this file that closing it would end.
    log = new Forced(openSync(`${file}-wal`, 'r'));
  } catch (error) {
    const locked = (error as { errcode?: number }).errcode === busy;
    if (locked) throw new CodedError('HS_DATA_LOCKED', `another process holds ${file}`, { cause: error });
    throw new CodedError('HS_DATA_UNUSABLE', `${file}: ${String(error)}`, { cause: error });
  }
  return new SqliteMemory(database, log);
}

/** Forces a file to its disk, again and again, beside whatever the process does. */
class Forced {
  readonly #file: number;
  #forcing = false;
  #again = false;
  #closed = false;

  constructor(file: number) {
    this.#file = file;
  }

  /** What was written until now. */
  force(): void {
    this.#again = this.#forcing;
    if (this.#forcing || this.#closed) return;
    this.#forcing = true;
    // A disk that fails says so to SQLite, too, at its next checkpoint.
    fdatasync(this.#file, () => {
      this.#forcing = false;
      if (this.#closed) closeSync(this.#file);
      else if (this.#again) this.force();
    });
  }

  close(): void {
    this.#closed = true;
    if (!this.#forcing) closeSync(this.#file);
  }
}

class SqliteMemory implements NodeMemory {
  readonly #database: DatabaseSync;
  readonly #log: Forced;
  readonly #nodeId: string;

  constructor(database: DatabaseSync, log: Forced) {
    this.#database = database;
    this.#log = log;
    this.#nodeId = this.#fact('node-id') ?? '';
  }

  nodeId(): string {
    return this.#nodeId;
  }

  highestEpoch(): number {
    return Number(this.#fact('highest-epoch') ?? 0);
  }

  rememberEpoch(epoch: number): void {
    if (epoch > this.highestEpoch()) this.#remember('highest-epoch', String(epoch));
  }

  rememberedReign(): Reign | null {
    const kept = this.#fact('reign');
    const read = kept === null ? null : reignSchema.safeParse(JSON.parse(kept));
    return read?.success ? read.data : null;
  }

  rememberReign(reign: Reign): void {
    this.#remember('reign', JSON.stringify(reign));
  }

  storeId(): string | null {
    return this.#fact('store-id');
  }

  bindStore(storeId: string): void {
    this.#remember('store-id', storeId);
  }

  journal(transition: Transition): void {
    this.#database
      .prepare('insert or ignore into journal (id, transition) values (?, ?)')
      .run(transition.id, JSON.stringify(transition));
  }

  unsent(limit: number): Transition[] {
    return this.#database
      .prepare('select transition from journal where sent = 0 order by position limit ?')
      .all(limit)
      .map((row) => JSON.parse(String(row['transition'])) as Transition);
  }

  markSent(ids: string[]): void {
    const mark = this.#database.prepare('update journal set sent = 1 where id = ?');
    for (const id of ids) mark.run(id);
    this.#database
      .prepare('delete from journal where sent = 1 and position <= (select max(position) from journal) - ?')
      .run(keptSent);
  }

  close(): void {
    this.#database.close();
    this.#log.close();
  }

  #fact(name: string): string | null {
    const row = this.#database.prepare('select value from fact where name = ?').get(name);
    return row ? String(row['value']) : null;
  }

  #remember(name: string, value: string): void {
    this.#database.prepare('insert or replace into fact values (?, ?)').run(name, value);
    this.#log.force();
  }
}
