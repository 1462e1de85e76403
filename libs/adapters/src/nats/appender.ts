import { CodedError } from '@hotstandby/contracts';
import type { Logger } from '@hotstandby/ports';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Link } from './link.ts';
import { publishToStream } from './stream-publish.ts';

export interface AppenderOptions {
  /** For messages to people: `events`. */
  what: string;
  /** What may wait; beyond that the oldest is given up. */
  maxItems: number;
  maxBytes: number;
}

interface Item {
  subject: string;
  id: string;
  payload: Uint8Array;
  resolve: () => void;
  reject: (error: CodedError) => void;
}

const retryMs = { least: 100, most: 1000 };

/**
 * Appends to a stream through outages of the server: what is not acknowledged is sent again, in order, under the same
 * `Nats-Msg-Id`, so the stream keeps it once.
 */
export class Appender {
  readonly #link: Link;
  readonly #log: Logger;
  readonly #options: AppenderOptions;
  // In order of arrival. Only the first is ever under way: so the order holds through every failure.
  #items = new Map<number, Item>();
  #bytes = 0;
  #count = 0;
  #underWay: number | null = null;
  #session = 0;
  #retry: { timer: ReturnType<typeof setTimeout> | null; delayMs: number } = { timer: null, delayMs: retryMs.least };
  #lost = 0;
  #complained = false;
  #idle: (() => void)[] = [];

  constructor(link: Link, log: Logger, options: AppenderOptions) {
    this.#link = link;
    this.#log = log;
    this.#options = options;
    link.onSession(() => {
      this.#session += 1;
      this.#underWay = null;
      this.#resume(retryMs.least);
    });
  }

  /** Resolves when the stream has it. Rejects with `HS_NATS_UNREACHABLE` when given up, `HS_NATS_REFUSED` when refused. */
  append(subject: string, id: string, payload: Uint8Array): Promise<void> {
    const { maxItems, maxBytes } = this.#options;
    while (this.#items.size > 0 && (this.#items.size >= maxItems || this.#bytes + payload.length > maxBytes))
      this.#dropOldest();
    const appended = new Promise<void>((resolve, reject) => {
      this.#items.set((this.#count += 1), { subject, id, payload, resolve, reject });
    });
    this.#bytes += payload.length;
    // Who does not wait for it must not be ended by it.
    appended.catch(() => {});
    this.#pump();
    return appended;
  }

  /** Waits a moment for what is under way, then gives up the rest. */
  async close(waitMs: number): Promise<void> {
    if (this.#items.size > 0 && this.#link.connection()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.#idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    if (this.#retry.timer) clearTimeout(this.#retry.timer);
    if (this.#items.size > 0)
      this.#log.warn(`${this.#options.what} were given up at the end`, { count: this.#items.size });
    for (const key of [...this.#items.keys()]) this.#settle(key, unreachable('the connection was closed'));
  }

  #pump(): void {
    const connection = this.#link.connection();
    if (!connection || this.#retry.timer || this.#underWay !== null) return;
    const [first] = this.#items;
    if (!first) return;
    [this.#underWay] = first;
    void this.#send(connection, ...first);
  }

  async #send(connection: NatsConnection, key: number, item: Item): Promise<void> {
    const session = this.#session;
    const failure = await publishToStream(connection, item);
    if (session !== this.#session) return;
    this.#underWay = null;
    if (failure === null) {
      this.#settle(key);
      this.#retry.delayMs = retryMs.least;
      if (this.#complained) this.#log.info(`${this.#options.what} are stored again`);
      this.#complained = false;
    } else if (failure.lasting) {
      this.#settle(key, new CodedError('HS_NATS_REFUSED', `${item.subject} was refused: ${failure.message}`));
    } else {
      this.#postpone(failure.message);
    }
    this.#pump();
  }

  #postpone(why: string): void {
    if (!this.#complained && this.#link.connection()) {
      this.#complained = true;
      this.#log.warn(`${this.#options.what} are not stored yet and wait`, { reason: why });
    }
    if (this.#retry.timer) return;
    const { delayMs } = this.#retry;
    this.#retry.timer = setTimeout(() => this.#resume(Math.min(delayMs * 2, retryMs.most)), delayMs);
  }

  #resume(nextDelayMs: number): void {
    if (this.#retry.timer) clearTimeout(this.#retry.timer);
    this.#retry = { timer: null, delayMs: nextDelayMs };
    if (this.#lost > 0 && this.#link.connection()) {
      this.#log.error(`${this.#options.what} were lost: NATS was away for too long`, { count: this.#lost });
      this.#lost = 0;
    }
    this.#pump();
  }

  #dropOldest(): void {
    const [oldest] = this.#items.keys();
    if (oldest === undefined) return;
    this.#lost += 1;
    this.#settle(oldest, unreachable(`too many ${this.#options.what} wait for NATS`));
  }

  #settle(key: number, error?: CodedError): void {
    const item = this.#items.get(key);
    if (!item) return;
    this.#items.delete(key);
    this.#bytes -= item.payload.length;
    if (error) item.reject(error);
    else item.resolve();
    if (this.#items.size === 0) for (const tell of this.#idle.splice(0)) tell();
  }
}

const unreachable = (message: string): CodedError => new CodedError('HS_NATS_UNREACHABLE', message);
