import { checkWritable } from './identity.ts';
import type { PostgresOptions } from './options.ts';
import { Session } from './session.ts';

/** After an answer on a new connection it is left alone for so long: it may have much to catch up with. */
const quietMs = 1000;
/** A server that has no room for another connection is not asked at every beat. */
const againMs = 30_000;

/**
 * One more connection that is open and idle. Making one takes a process of the server, a password check and some looks: 50 ms on a quiet
 * machine, hundreds on a busy one, and a lease that lives by the store alone has not got them.
 */
export class SpareSession {
  readonly #options: PostgresOptions;
  #session: Session | null = null;
  #opening = false;
  #closed = false;
  #notBeforeMs = 0;

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  /** It is not the spare any more; null: there is none that is known to be alive. */
  take(): Session | null {
    const session = this.#session;
    this.#session = null;
    this.#notBeforeMs = performance.now() + quietMs;
    return session?.alive() ? session : null;
  }

  /** The server answers: opens one in the background where there is none. Nothing is sent on it but what it says of itself. */
  refill(serverStatementTimeoutMs: number): void {
    if (this.#closed || this.#opening || this.#session?.alive() || performance.now() < this.#notBeforeMs) return;
    this.#opening = true;
    this.#notBeforeMs = performance.now() + againMs;
    Session.open(this.#options, serverStatementTimeoutMs)
      .then(
        (session) => this.#keep(session),
        // The connection that is in use tells what is wrong with the store.
        () => {},
      )
      .finally(() => (this.#opening = false));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#session?.close();
    this.#session = null;
  }

  #keep(session: Session): void {
    try {
      checkWritable(session);
    } catch {
      return session.destroy();
    }
    if (this.#closed) return session.destroy();
    this.#session = session;
  }
}
