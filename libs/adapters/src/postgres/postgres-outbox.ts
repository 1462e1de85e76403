import { CodedError } from '@hotstandby/contracts';
import type { Outbox, OutboxEntry, WriteGuard } from '@hotstandby/ports';
import type { QueryResultRow } from 'pg';
import { guardedWrite } from './guarded-write.ts';
import type { PostgresOptions } from './options.ts';
import { quoteName } from './quote.ts';
import { SessionPool } from './session-pool.ts';
import type { Session } from './session.ts';
import { storableText } from './text.ts';

/** Alerts in PostgreSQL. Throws `StoreError`, and `HS_NOT_ACTIVE` when the guard's reign is over. */
export class PostgresOutbox implements Outbox {
  readonly #options: PostgresOptions;
  readonly #pool: SessionPool;
  readonly #table: string;

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.#pool = new SessionPool({ applicationName: 'hotstandby outbox', ...options }, 2);
    this.#table = `${quoteName(options.store.schema)}.outbox`;
  }

  prepare(): Promise<void> {
    return this.#pool.prepare();
  }

  add(guard: WriteGuard, entry: Omit<OutboxEntry, 'attempts'>): Promise<boolean> {
    const { id, kind, subject, text } = entry;
    const createdAt = Number.isNaN(Date.parse(entry.createdAt)) ? new Date(0).toISOString() : entry.createdAt;
    return this.#guarded(guard, async (session) => {
      const old = `delete from ${this.#table} where state <> 'due' and settled_at < clock_timestamp() - interval '30 days'`;
      await this.#run(session, old, []);
      const rows = await this.#run(
        session,
        `insert into ${this.#table} (id, kind, subject, text, created_at, epoch) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do nothing returning id`,
        [...[id, kind, subject, text].map(storableText), createdAt, guard.epoch],
      );
      return rows.length > 0;
    });
  }

  async due(limit: number): Promise<OutboxEntry[]> {
    await this.#pool.prepare();
    const text = `select id, kind, subject, text, attempts,
             to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt"
        from ${this.#table} where state = 'due' and due_at <= clock_timestamp() order by outbox.created_at, id limit $1`;
    return this.#pool.use((session) => this.#run<OutboxEntry & QueryResultRow>(session, text, [limit]));
  }

  async sent(guard: WriteGuard, id: string): Promise<void> {
    const text = `update ${this.#table} set state = 'sent', attempts = attempts + 1, reason = null,
             settled_at = clock_timestamp() where id = $1`;
    await this.#guarded(guard, (session) => this.#run(session, text, [storableText(id)]));
  }

  async failed(id: string, reason: string, retryAfterMs: number | null): Promise<void> {
    await this.#pool.prepare();
    const text = `update ${this.#table} set attempts = attempts + 1, reason = $2,
             state = case when $3::float8 is null then 'failed' else 'due' end,
             settled_at = case when $3::float8 is null then clock_timestamp() end,
             due_at = clock_timestamp() + coalesce($3::float8, 0) * interval '1 ms'
       where id = $1 and state = 'due'`;
    await this.#pool.use((session) => this.#run(session, text, [storableText(id), storableText(reason), retryAfterMs]));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #guarded<Result>(guard: WriteGuard, write: (session: Session) => Promise<Result>): Promise<Result> {
    await this.#pool.prepare();
    const result = await guardedWrite(this.#pool, this.#options.store.schema, guard, write);
    if (result === null) throw new CodedError('HS_NOT_ACTIVE', `the reign of epoch ${guard.epoch} is over`);
    return result;
  }

  #run<Row extends QueryResultRow>(session: Session, text: string, values: unknown[]): Promise<Row[]> {
    return session.run<Row>({ text, values }, this.#pool.timeoutMs());
  }
}
