import { StoreError } from '@hotstandby/ports';
import { checkIdentity, checkWritable, readIdentity, type StoreIdentity } from './identity.ts';
import { statementTimeoutMsOf, type PostgresOptions } from './options.ts';
import { prepareSchema } from './prepare-schema.ts';
import { Session } from './session.ts';

/**
 * A few connections, made when they are needed and never shared with the lease's. Each is checked to lead to the store
 * that was prepared; one on which anything failed is thrown away.
 */
export class SessionPool {
  readonly #options: PostgresOptions;
  readonly #size: number;
  #idle: Session[] = [];
  #busy = new Set<Session>();
  #opening = 0;
  #waiting: (() => void)[] = [];
  #identity: StoreIdentity | null = null;
  #closed = false;

  constructor(options: PostgresOptions, size: number) {
    this.#options = options;
    this.#size = size;
  }

  /** Brings the schema up to date, once; called again it only does what is not done yet. Throws `StoreError`. */
  async prepare(): Promise<void> {
    this.#identity ??= await prepareSchema(this.#options);
  }

  timeoutMs(): number {
    return statementTimeoutMsOf(this.#options);
  }

  /** Throws `StoreError`, and what `work` throws. */
  async use<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const session = await this.#take();
    this.#busy.add(session);
    try {
      const result = await work(session);
      if (session.alive() && !this.#closed) this.#idle.push(session);
      else session.destroy();
      return result;
    } catch (error) {
      session.destroy();
      throw error;
    } finally {
      this.#busy.delete(session);
      this.#waiting.shift()?.();
    }
  }

  /** What is under way ends with a `StoreError`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake();
    for (const session of this.#busy) session.destroy();
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }

  async #take(): Promise<Session> {
    for (;;) {
      if (this.#closed) throw new StoreError('unreachable', 'the connections are closed');
      const idle = this.#idle.pop();
      if (idle?.alive()) return idle;
      if (idle) continue;
      if (this.#busy.size + this.#opening < this.#size) break;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#opening += 1;
    try {
      return await this.#open();
    } catch (error) {
      this.#waiting.shift()?.();
      throw error;
    } finally {
      this.#opening -= 1;
    }
  }

  async #open(): Promise<Session> {
    const session = await Session.open(this.#options, this.timeoutMs());
    try {
      checkWritable(session);
      const identity = await readIdentity(session, this.#options, this.timeoutMs());
      if (!identity)
        throw new StoreError('unreachable', `there is no schema "${this.#options.store.schema}" in the store`);
      checkIdentity(identity, this.#options, this.#identity?.storeId ?? null);
      if (this.#closed) throw new StoreError('unreachable', 'the connections are closed');
      return session;
    } catch (error) {
      session.destroy();
      throw error;
    }
  }
}
