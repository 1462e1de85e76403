import { StoreError } from '@hotstandby/ports';
import { checkIdentity, checkWritable, readIdentity, type StoreIdentity } from './identity.ts';
import { lockTimeoutMsOf, statementTimeoutMsOf, type MssqlOptions } from './options.ts';
import { prepareSchema } from './prepare-schema.ts';
import { looked, Session } from './session.ts';

/**
 * A few connections, made when they are needed and never shared with the lease's. Each is checked to lead to the store
 * that was prepared; one on which anything failed is thrown away.
 */
export class SessionPool {
  readonly #options: MssqlOptions;
  readonly #size: number;
  #idle: Session[] = [];
  #busy = 0;
  #waiting: (() => void)[] = [];
  #identity: StoreIdentity | null = null;
  /** Ends whatever is open or on its way. */
  readonly #ending = new AbortController();

  constructor(options: MssqlOptions, size: number) {
    this.#options = options;
    this.#size = size;
  }

  /** Brings the schema up to date, once; called again it only does what is not done yet. Throws `StoreError`. */
  async prepare(): Promise<void> {
    this.#identity ??= await prepareSchema(this.#options, null, this.#ending.signal);
  }

  timeoutMs(): number {
    return statementTimeoutMsOf(this.#options);
  }

  /** Throws `StoreError`, and what `work` throws. */
  async use<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    while (!this.#ending.signal.aborted && this.#busy >= this.#size)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#ending.signal.aborted) throw new StoreError('unreachable', 'the connections are closed');
    this.#busy += 1;
    let session: Session | null = null;
    try {
      session = this.#takeIdle() ?? (await this.#open());
      const result = await work(session);
      if (session.alive() && !this.#ending.signal.aborted) this.#idle.push(session);
      else session.destroy();
      return result;
    } catch (error) {
      session?.destroy();
      throw error;
    } finally {
      this.#busy -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** What is under way ends with a `StoreError`. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#idle = [];
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #takeIdle(): Session | null {
    for (let session = this.#idle.pop(); session; session = this.#idle.pop()) if (session.alive()) return session;
    return null;
  }

  async #open(): Promise<Session> {
    const timeoutMs = this.timeoutMs();
    const session = await Session.open(this.#options, lockTimeoutMsOf(timeoutMs), timeoutMs, this.#ending.signal);
    try {
      checkWritable(session);
      const identity = await readIdentity(session, this.#options, timeoutMs);
      if (!identity)
        throw new StoreError('unreachable', `there is no schema "${this.#options.store.schema}" in the store`);
      checkIdentity(identity, this.#options, this.#identity?.storeId ?? null);
      return session;
    } catch (error) {
      session.destroy();
      throw looked(error);
    }
  }
}
