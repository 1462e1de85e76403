import { readFileSync } from 'node:fs';
import pg from 'pg';
import { type Layout, database, ports, sharedFolders } from './layout.ts';
import { type TrafficKind, trafficKinds } from './traffic/generator.ts';

export const tables: Record<TrafficKind, string> = { syslog: 'syslog_message', trap: 'snmp_trap', flow: 'flow_record' };

/** A connection of the launcher's own to the pair's database; the caller ends it. */
export async function connectDatabase(layout: Layout): Promise<pg.Client> {
  const client = new pg.Client({
    host: layout.addresses.store,
    port: ports.postgres,
    user: database.user,
    password: readFileSync(sharedFolders(layout).passwordFile, 'utf8').trim(),
    database: database.name,
    application_name: 'pair',
    connectionTimeoutMillis: 3000,
    options: '-c search_path=hotstandby -c statement_timeout=10000',
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** How many records of each kind there are, counted no more often than is cheap. */
export class RecordCounter {
  readonly #layout: Layout;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  counts: Record<TrafficKind, number> | null = null;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  start(): void {
    this.#schedule(1000);
  }

  async close(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#client?.end().catch(() => {});
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#count().then((tookMs) => this.#schedule(Math.max(1500, tookMs * 50)));
    }, delayMs);
    this.#timer.unref();
  }

  /** Milliseconds that it took. */
  async #count(): Promise<number> {
    const startedAt = performance.now();
    try {
      this.#client ??= await connectDatabase(this.#layout);
      const selects = trafficKinds.map((kind) => `(select count(*) from ${tables[kind]})::int as ${kind}`);
      const { rows } = await this.#client.query<Record<TrafficKind, number>>(`select ${selects.join(', ')}`);
      this.counts = rows[0] ?? null;
    } catch {
      // The tables are not there yet, or the database is away: shown as unknown, asked again.
      this.counts = null;
      await this.#client?.end().catch(() => {});
      this.#client = null;
    }
    return performance.now() - startedAt;
  }
}
