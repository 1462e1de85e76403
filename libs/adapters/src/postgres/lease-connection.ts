import { StoreError } from '@hotstandby/ports';
import type { QueryConfig, QueryResultRow } from 'pg';
import { checkIdentity, checkWritable, readIdentity } from './identity.ts';
import { connectTimeoutMsOf, statementTimeoutMsOf, type PostgresOptions } from './options.ts';
import { Session, type Backend } from './session.ts';
import { SpareSession } from './spare-session.ts';

/**
 * The lease's one connection, and a spare one for when it has to be given up. Statements go out in the order of the calls, and one whose
 * outcome is unknown is over before the next is sent: its server process is ended first, so nothing old is carried out after something new.
 */
export class LeaseConnection {
  readonly #options: PostgresOptions;
  readonly #spare: SpareSession;
  #session: Session | null = null;
  #unsettled: Backend | null = null;
  #storeId: string | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.#spare = new SpareSession(options);
  }

  /** From now on every connection must lead to this store. */
  expect(storeId: string): void {
    this.#storeId = storeId;
  }

  expected(): string | null {
    return this.#storeId;
  }

  /** After everything that was asked for before. */
  inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#tail.then(() => {
      if (this.#closed) throw new StoreError('unreachable', 'the lease store is closed');
      return work();
    });
    this.#tail = next.catch(() => {});
    return next;
  }

  /** Throws `StoreError`. */
  run<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    return this.inOrder(async () => {
      const session = this.#session?.alive() ? this.#session : await this.#open();
      try {
        const rows = await session.run<Row>(query, statementTimeoutMsOf(this.#options));
        this.#spare.refill(this.#serverTimeoutMs());
        return rows;
      } catch (error) {
        if (session.unsettled()) this.#unsettled = session.facts.backend;
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const session = this.#session;
    this.#session = null;
    await Promise.all([session?.close(), this.#spare.close()]);
  }

  async #open(): Promise<Session> {
    this.#session = null;
    const spare = this.#spare.take();
    try {
      if (spare) return await this.#begin(spare);
    } catch (error) {
      // One that had died unnoticed says nothing of the store.
      if (spare?.alive()) throw this.#refused(spare, error);
    }
    const session = await Session.open(this.#options, this.#serverTimeoutMs());
    try {
      return await this.#begin(session);
    } catch (error) {
      throw this.#refused(session, error);
    }
  }

  /** Looks whether it leads to the store, and settles on it what is not known to be over. */
  async #begin(session: Session): Promise<Session> {
    const timeoutMs = statementTimeoutMsOf(this.#options);
    checkWritable(session);
    await this.#settle(session, timeoutMs);
    const identity = await readIdentity(session, this.#options, timeoutMs);
    if (!identity)
      throw new StoreError('unreachable', `there is no schema "${this.#options.store.schema}" in the store`);
    checkIdentity(identity, this.#options, this.#storeId);
    if (this.#closed) throw new StoreError('unreachable', 'the lease store is closed');
    this.#session = session;
    return session;
  }

  /** Only looks were sent, so whatever happened to them, the statement itself was not carried out. */
  #refused(session: Session, error: unknown): unknown {
    session.destroy();
    const { message } = error as Error;
    return error instanceof StoreError && error.fault === 'unknown' ? new StoreError('unreachable', message) : error;
  }

  /** The server gives up a little earlier than this side, so that a lock or a slow disk ends in a known outcome. */
  #serverTimeoutMs(): number {
    return Math.max(1, Math.floor(statementTimeoutMsOf(this.#options) * 0.8));
  }

  /** Ends the server process that may still be at an earlier statement, and waits until it is gone. */
  async #settle(session: Session, timeoutMs: number): Promise<void> {
    const earlier = this.#unsettled;
    if (!earlier) return;
    const text = 'select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start::text = $2';
    const deadline = performance.now() + connectTimeoutMsOf(this.#options);
    while ((await session.run({ text, values: [earlier.pid, earlier.startedAt] }, timeoutMs)).length > 0) {
      if (performance.now() > deadline) {
        throw new StoreError('unreachable', 'an earlier statement of this node may still be under way in the store');
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    this.#unsettled = null;
  }
}
