import { StoreError } from '@hotstandby/ports';
import { Client, type QueryConfig, type QueryResultRow } from 'pg';
import { BoundSocket } from './bound-socket.ts';
import { clientSettings } from './client-settings.ts';
import { CopyIn } from './copy/copy-in.ts';
import { connectFault, statementFault } from './faults.ts';
import { hostsInOrder, noWritableHost, rememberWritable, type Host } from './hosts.ts';
import { connectTimeoutMsOf, type PostgresOptions } from './options.ts';

/** The server process behind a session; its start tells it from a later one with the same number. */
export interface Backend {
  pid: number;
  startedAt: string;
}

export interface ServerFacts {
  backend: Backend;
  inRecovery: boolean;
  /** Told to take no writes, though it is no replica. */
  readOnly: boolean;
  fsync: boolean;
}

const factsQuery = `
  select pg_backend_pid() as pid,
         (select backend_start::text from pg_stat_activity where pid = pg_backend_pid()) as started_at,
         pg_is_in_recovery() as in_recovery,
         current_setting('fsync') = 'on' as fsync,
         current_setting('transaction_read_only') = 'on' as read_only,
         case when current_setting('synchronous_commit') in ('off', 'local')
              then set_config('synchronous_commit', 'on', false) end as made_durable`;

interface FactsRow {
  pid: number;
  started_at: string | null;
  in_recovery: boolean;
  fsync: boolean;
  read_only: boolean;
}

/**
 * One connection, used by one statement at a time. Once a statement's answer is overdue the connection is gone for good:
 * a late answer must never be taken for another statement's.
 */
export class Session {
  readonly facts: ServerFacts;
  readonly #client: Client;
  readonly #socket: BoundSocket;
  #alive = true;
  #unsettled = false;

  private constructor(client: Client, socket: BoundSocket, facts: ServerFacts) {
    this.#client = client;
    this.#socket = socket;
    this.facts = facts;
    socket.once('close', () => (this.#alive = false));
  }

  /**
   * Of several hosts the first that takes writes, each for a bounded time; a single one as it is. Throws `StoreError`, never
   * `unknown`: until it resolves nothing but looks was sent.
   */
  static async open(options: PostgresOptions, serverStatementTimeoutMs: number): Promise<Session> {
    const hosts = hostsInOrder(options.store);
    const failures: { host: Host; error: StoreError }[] = [];
    for (const host of hosts) {
      try {
        const session = await Session.#openOn(host, options, serverStatementTimeoutMs);
        const { inRecovery, readOnly } = session.facts;
        if (hosts.length === 1) return session;
        if (!inRecovery && !readOnly) {
          rememberWritable(options.store, host);
          return session;
        }
        session.destroy();
        const why = inRecovery ? 'is in recovery, a replica' : 'is set to read-only';
        failures.push({ host, error: new StoreError('read-only', why) });
      } catch (error) {
        if (hosts.length === 1 || !(error instanceof StoreError)) throw error;
        failures.push({ host, error });
      }
    }
    throw noWritableHost(failures);
  }

  static async #openOn(host: Host, options: PostgresOptions, serverStatementTimeoutMs: number): Promise<Session> {
    const socket = new BoundSocket(options.bindAddress);
    const withinMs = connectTimeoutMsOf(options);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      socket.destroy();
    }, withinMs);
    try {
      const client = new Client({
        ...(await clientSettings(options, host, serverStatementTimeoutMs)),
        stream: () => socket,
      });
      // What fails is told to whoever waits for an answer; an idle connection that breaks is noticed by the next call.
      client.on('error', () => {});
      if (late) throw new Error('too late');
      await client.connect();
      const row = (await client.query<FactsRow>(factsQuery)).rows[0];
      if (!row) throw new Error('the server says nothing of itself');
      const { pid, started_at: startedAt, in_recovery: inRecovery, fsync, read_only: readOnly } = row;
      return new Session(client, socket, {
        backend: { pid, startedAt: startedAt ?? '' },
        inRecovery,
        readOnly,
        fsync,
      });
    } catch (error) {
      socket.destroy();
      if (late) throw new StoreError('unreachable', `no connection within ${withinMs} ms`, { cause: error });
      throw connectFault(error);
    } finally {
      clearTimeout(timer);
    }
  }

  alive(): boolean {
    return this.#alive;
  }

  /** A statement was sent whose outcome is not known: its server process may still be at it. */
  unsettled(): boolean {
    return this.#unsettled;
  }

  /** Throws `StoreError`. */
  async run<Row extends QueryResultRow>(query: string | QueryConfig, timeoutMs: number): Promise<Row[]> {
    return (await this.#answered(() => this.#client.query<Row>(query), timeoutMs)).rows;
  }

  /** A `copy ... from stdin`; chunks are asked for as the connection takes them. Throws `StoreError`, and what `chunks` throws. */
  copy(text: string, chunks: Iterable<Uint8Array>, timeoutMs: number): Promise<void> {
    const send = () =>
      new Promise<void>((resolve, reject) => void this.#client.query(new CopyIn(text, chunks, { resolve, reject })));
    return this.#answered(send, timeoutMs);
  }

  #answered<Answer>(send: () => Promise<Answer>, timeoutMs: number): Promise<Answer> {
    if (!this.#alive) return Promise.reject(new StoreError('unreachable', 'the connection is closed'));
    return new Promise((resolve, reject) => {
      const sentAtMs = performance.now();
      let settled = false;
      const settle = (): boolean => {
        clearTimeout(timer);
        const isFirst = !settled;
        settled = true;
        return isFirst;
      };
      const fail = (error: StoreError) => {
        if (!settle()) return;
        if (error.fault === 'unknown') {
          this.#unsettled = true;
          this.destroy();
        }
        reject(error);
      };
      const giveUp = () => fail(new StoreError('unknown', overdue(timeoutMs, performance.now() - sentAtMs)));
      // A process that was kept from running finds its timer due and the answer on the socket, and timers come first. What has
      // come is taken before the connection, which takes long to make anew, is given up.
      const timer = setTimeout(() => setImmediate(giveUp), timeoutMs);
      send().then(
        (answer) => {
          if (settle()) resolve(answer);
        },
        (error: unknown) => fail(statementFault(error)),
      );
    });
  }

  destroy(): void {
    this.#alive = false;
    this.#socket.destroy();
  }

  /** Says good-bye; waits for nobody. */
  async close(): Promise<void> {
    if (!this.#alive) return;
    this.#alive = false;
    const timer = setTimeout(() => this.#socket.destroy(), 500);
    await this.#client.end().finally(() => clearTimeout(timer));
  }
}

/** Whose fault it was: a look that came much later than it was due says that this process was kept from running. */
function overdue(timeoutMs: number, afterMs: number): string {
  const text = `no answer within ${timeoutMs} ms`;
  return afterMs < 1.25 * timeoutMs
    ? text
    : `${text}; this process was kept from running and looked after ${Math.round(afterMs)} ms`;
}
