import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
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
 * Throws `HS_DATA_LOCKED`, `HS_DATA_UNUSABLE`.
 */
export function openNodeMemory(dataDir: string): NodeMemory {
  const file = join(dataDir, 'node.db');
  let database: DatabaseSync;
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
      commit;`);
  } catch (error) {
    const locked = (error as { errcode?: number }).errcode === busy;
    if (locked) throw new CodedError('HS_DATA_LOCKED', `another process holds ${file}`, { cause: error });
    throw new CodedError('HS_DATA_UNUSABLE', `${file}: ${String(error)}`, { cause: error });
  }
  return new SqliteMemory(database);
}

class SqliteMemory implements NodeMemory {
  readonly #database: DatabaseSync;
  readonly #nodeId: string;

  constructor(database: DatabaseSync) {
    this.#database = database;
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
  }

  #fact(name: string): string | null {
    const row = this.#database.prepare('select value from fact where name = ?').get(name);
    return row ? String(row['value']) : null;
  }

  #remember(name: string, value: string): void {
    this.#database.prepare('insert or replace into fact values (?, ?)').run(name, value);
  }
}
