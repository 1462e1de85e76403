import { CodedError } from '@hotstandby/contracts';
import type { Logger, Unsubscribe } from '@hotstandby/ports';
import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import type { Credentials } from './credentials.ts';

export interface LinkOptions {
  url: string;
  /** Shown by the server's monitoring. */
  name: string;
  inboxPrefix: string;
  credentials: () => Promise<Credentials>;
  log: Logger;
}

// A server that died is back within moments or not for long: the take-over path waits for nothing else on the bus.
const retryMs = { least: 100, most: 200, refused: 5000 };
const connectTimeoutMs = 2000;
// A server that hangs is noticed after three unanswered pings.
const pingIntervalMs = 2000;

/**
 * One connection to the node's own server, made again for ever. The client's own reconnecting is not used: with it a
 * first connection cannot be called off, requests under way wait for their time-out, and what was published while it
 * was away may come late instead of never.
 */
export class Link {
  readonly #options: LinkOptions;
  #connection: NatsConnection | null = null;
  #wasUp = false;
  #complained = '';
  #closed = false;
  #sessionListeners = new Set<(connection: NatsConnection) => void>();
  #statusListeners = new Set<(connected: boolean) => void>();
  #wake: () => void = () => {};
  #running: Promise<void> | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** The connection while there is one. */
  connection(): NatsConnection | null {
    const connection = this.#connection;
    return connection && !connection.isClosed() ? connection : null;
  }

  /** Calls `listener` with every connection, at once with the present one. Subscriptions belong to one connection. */
  onSession(listener: (connection: NatsConnection) => void): Unsubscribe {
    this.#sessionListeners.add(listener);
    const now = this.connection();
    if (now) listener(now);
    return () => void this.#sessionListeners.delete(listener);
  }

  onStatus(listener: (connected: boolean) => void): Unsubscribe {
    this.#statusListeners.add(listener);
    return () => void this.#statusListeners.delete(listener);
  }

  /** Resolves with the connection once there is one; null when `signal` or `close` ends the wait. */
  async session(signal: AbortSignal): Promise<NatsConnection | null> {
    const now = this.connection();
    if (now || signal.aborted || this.#closed) return now;
    return new Promise((resolve) => {
      const done = (connection: NatsConnection | null) => {
        forget();
        forgetStatus();
        signal.removeEventListener('abort', aborted);
        resolve(connection);
      };
      const aborted = () => done(null);
      const forget = this.onSession(done);
      const forgetStatus = this.onStatus(() => this.#closed && done(null));
      signal.addEventListener('abort', aborted);
    });
  }

  /** Sends what was published, at most for a moment, and ends. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    const connection = this.connection();
    if (connection) {
      await Promise.race([connection.flush().catch(() => {}), pause(500)]);
      await connection.close();
    }
    await this.#running;
    this.#tell(false);
    this.#statusListeners.clear();
  }

  #tell(connected: boolean): void {
    for (const listener of [...this.#statusListeners]) {
      try {
        listener(connected);
      } catch (error) {
        this.#options.log.error('a listener of the connection failed', { error: String(error) });
      }
    }
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        const connection = await this.#connect();
        await this.#hold(connection);
      } catch (error) {
        const fault = this.#explain(error);
        this.#complain(fault);
        await this.#pause(fault.code === 'HS_NATS_REFUSED' ? retryMs.refused : jitter());
      }
    }
  }

  async #connect(): Promise<NatsConnection> {
    const { url, name, inboxPrefix, credentials } = this.#options;
    const { authenticator, tls } = await credentials();
    return connect({
      servers: url,
      name,
      inboxPrefix,
      authenticator,
      tls,
      reconnect: false,
      timeout: connectTimeoutMs,
      pingInterval: pingIntervalMs,
      maxPingOut: 3,
      ignoreClusterUpdates: true,
      noAsyncTraces: true,
    });
  }

  async #hold(connection: NatsConnection): Promise<void> {
    if (this.#closed) return connection.close();
    this.#connection = connection;
    void this.#watchErrors(connection);
    this.#complained = '';
    this.#options.log.info(this.#wasUp ? 'NATS is back' : 'connected to NATS', { url: this.#options.url });
    this.#wasUp = true;
    for (const listener of [...this.#sessionListeners]) listener(connection);
    this.#tell(true);
    const why = await connection.closed();
    this.#connection = null;
    if (this.#closed) return;
    this.#complain(this.#explain(why ?? new Error('the connection was closed')));
    this.#tell(false);
    await this.#pause(jitter());
  }

  /** A subject that this user may not use: a wrong key file or a fault in the program, so said aloud once. */
  async #watchErrors(connection: NatsConnection): Promise<void> {
    const told = new Set<string>();
    for await (const status of connection.status()) {
      if (status.type !== 'error' || told.has(status.error.message)) continue;
      if (told.size < 100) told.add(status.error.message);
      this.#options.log.error('the NATS server refused something', { error: status.error.message });
    }
  }

  #explain(error: unknown): CodedError {
    if (error instanceof CodedError) return error;
    const { url, name } = this.#options;
    if (error instanceof errors.AuthorizationError)
      return new CodedError('HS_NATS_REFUSED', `the NATS server ${url} refuses the key of ${name}`);
    const why = error instanceof Error ? error.message : String(error);
    return new CodedError('HS_NATS_UNREACHABLE', `the NATS server ${url} does not answer: ${why}`);
  }

  #complain(fault: CodedError): void {
    if (this.#complained === fault.code) return;
    this.#complained = fault.code;
    this.#options.log.warn(fault.message, { code: fault.code, cure: fault.cure });
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

// Not all services of a node in the same instant.
const jitter = (): number => retryMs.least + Math.random() * (retryMs.most - retryMs.least);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
