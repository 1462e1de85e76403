import { randomUUID } from 'node:crypto';
import { StoreError } from '@hotstandby/ports';
import { checkIdentity, checkWritable, readIdentity } from './identity.ts';
import type { leaseStatements } from './lease-statements.ts';
import { lockTimeoutMsOf, statementTimeoutMsOf, type MssqlOptions } from './options.ts';
import { id, type Parameters } from './parameters.ts';
import type { ServerFacts } from './server-facts.ts';
import { looked, Session, type Row } from './session.ts';

export interface LeaseAnswer {
  /** The rows of each result. */
  results: Row[][];
  facts: ServerFacts;
}

interface Line {
  session: Session;
  /** Its row in `lease_session`. */
  id: string;
}

/**
 * The lease's one connection. Statements go out in the order of the calls, and one whose outcome is unknown is over
 * before the next is sent: see `lease-statements.ts`.
 */
export class LeaseConnection {
  readonly #options: MssqlOptions;
  readonly #statements: ReturnType<typeof leaseStatements>;
  #line: Line | null = null;
  /** Ends whatever is open or on its way. */
  readonly #ending = new AbortController();
  /** The row of a connection whose last statement may still be under way. */
  #unsettled: string | null = null;
  #storeId: string | null = null;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: MssqlOptions, statements: ReturnType<typeof leaseStatements>) {
    this.#options = options;
    this.#statements = statements;
  }

  /** From now on every connection must lead to this store. */
  expect(storeId: string): void {
    this.#storeId = storeId;
  }

  expected(): string | null {
    return this.#storeId;
  }

  ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** After everything that was asked for before. */
  inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const next = this.#tail.then(() => {
      if (this.#ending.signal.aborted) throw new StoreError('unreachable', 'the lease store is closed');
      return work();
    });
    this.#tail = next.catch(() => {});
    return next;
  }

  /** Throws `StoreError`. The session's own id and its timeline are parameters of every statement that changes something. */
  run(text: string, parameters: Parameters | null, onlyOn?: string): Promise<LeaseAnswer> {
    return this.inOrder(async () => {
      const line = this.#line?.session.alive() ? this.#line : await this.#open();
      const { session } = line;
      // This server and no later start of it, whichever connection there is.
      if (onlyOn !== undefined && onlyOn !== session.facts().incarnation)
        throw new StoreError('unreachable', 'the server was restarted since it showed what this statement rests on');
      const own = { session: id(line.id), now_timeline: id(session.facts().timeline) };
      const given = parameters ? { parameters: { ...own, ...parameters } } : {};
      try {
        const results = await session.run({ text, ...given }, statementTimeoutMsOf(this.#options));
        return { results, facts: session.facts() };
      } catch (error) {
        if (session.unsettled() && parameters) this.#unsettled = line.id;
        throw error;
      }
    });
  }

  close(): Promise<void> {
    this.#ending.abort();
    this.#line = null;
    // What hangs is told by now that its connection is gone.
    return this.#tail.then(() => {});
  }

  async #open(): Promise<Line> {
    this.#line = null;
    const timeoutMs = statementTimeoutMsOf(this.#options);
    const session = await Session.open(this.#options, lockTimeoutMsOf(timeoutMs), timeoutMs, this.#ending.signal);
    try {
      checkWritable(session);
      const identity = await readIdentity(session, this.#options, timeoutMs);
      if (!identity)
        throw new StoreError('unreachable', `there is no schema "${this.#options.store.schema}" in the store`);
      checkIdentity(identity, this.#options, this.#storeId);
      await this.#settle(session, timeoutMs);
      const line = { session, id: randomUUID() };
      await session.run({ text: this.#statements.openSession, parameters: { session: id(line.id) } }, timeoutMs);
      this.#line = line;
      return line;
    } catch (error) {
      session.destroy();
      // Nothing of the lease was sent, so whatever happened, the statement itself was not carried out.
      throw looked(error);
    }
  }

  /** Takes away the row of the connection before, which waits for what it may still be at; later nothing of it counts. */
  async #settle(session: Session, timeoutMs: number): Promise<void> {
    const earlier = this.#unsettled;
    if (earlier === null) return;
    try {
      await session.run({ text: this.#statements.endSession, parameters: { ended: id(earlier) } }, timeoutMs);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreError(
        'unreachable',
        `an earlier statement of this node may still be under way in the store: ${why}`,
      );
    }
    this.#unsettled = null;
  }
}
