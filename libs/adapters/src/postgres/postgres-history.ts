import type { History, Transition } from '@hotstandby/ports';
import type { PostgresOptions } from './options.ts';
import { quoteName } from './quote.ts';
import { SessionPool } from './session-pool.ts';
import { storableJson } from './text.ts';

/** Transitions in PostgreSQL, on connections of their own. Throws `StoreError`. */
export class PostgresHistory implements History {
  readonly #pool: SessionPool;
  readonly #table: string;

  constructor(options: PostgresOptions) {
    this.#pool = new SessionPool({ applicationName: 'hotstandby history', ...options }, 1);
    this.#table = `${quoteName(options.store.schema)}.transition`;
  }

  async append(transitions: Transition[]): Promise<void> {
    if (transitions.length === 0) return;
    await this.#pool.prepare();
    const rows = storableJson(transitions);
    const text = `insert into ${this.#table} (id, at, epoch, node, node_id, from_role, to_role, rule, evidence, operator)
      select t->>'id', (t->>'at')::timestamptz, (t->>'epoch')::bigint, t->>'node', t->>'nodeId', t->>'from', t->>'to',
             t->>'rule', coalesce(t->'evidence', '{}'), t->>'operator'
        from jsonb_array_elements($1::jsonb) t
      on conflict (id) do nothing`;
    await this.#pool.use((session) => session.run({ text, values: [rows] }, this.#pool.timeoutMs()));
  }

  async list(limit: number): Promise<Transition[]> {
    const text = `select id, node, node_id as "nodeId", epoch::float8 as epoch, from_role as "from", to_role as "to", rule,
             evidence, operator, to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
        from ${this.#table} order by transition.at desc, id desc limit $1`;
    return this.#pool.use((session) =>
      session.run<Transition & Record<string, unknown>>({ text, values: [limit] }, this.#pool.timeoutMs()),
    );
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
