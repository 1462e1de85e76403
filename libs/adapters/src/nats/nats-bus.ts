import { BusError, type Bus, type Logger, type Unsubscribe } from '@hotstandby/ports';
import { errors, headers, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Link } from './link.ts';

/** Marks the answer of a responder that threw: the body is then `{ code, message }`. */
const faultHeader = 'Hs-Fault';

/** Core NATS behind the `Bus` port. Subscriptions outlive the connection: each new one gets them before anything else. */
export class NatsBus implements Bus {
  readonly #link: Link;
  readonly #log: Logger;
  #dropped = 0;
  #garbled = new Set<string>();

  constructor(link: Link, log: Logger) {
    this.#link = link;
    this.#log = log;
    link.onStatus((connected) => {
      if (!connected || this.#dropped === 0) return;
      log.warn('messages were dropped while NATS was away', { dropped: this.#dropped });
      this.#dropped = 0;
    });
  }

  publish(subject: string, payload: unknown): void {
    const connection = this.#link.connection();
    if (!connection) {
      this.#dropped += 1;
      return;
    }
    try {
      connection.publish(subject, encode(payload));
    } catch (error) {
      this.#log.error('a message could not be published', { subject, error: String(error) });
    }
  }

  subscribe(subject: string, handler: (payload: unknown, subject: string) => void): Unsubscribe {
    return this.#each(subject, (message) => {
      try {
        handler(decode(message), message.subject);
      } catch (error) {
        this.#failed(message.subject, error);
      }
    });
  }

  async request(subject: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    const connection = this.#link.connection();
    if (!connection) throw new BusError('disconnected', `NATS is away: ${subject} was not asked`);
    let answer: Msg;
    try {
      answer = await connection.request(subject, encode(payload), { timeout: Math.max(1, Math.ceil(timeoutMs)) });
    } catch (error) {
      throw busError(error, subject, connection);
    }
    if (!answer.headers?.has(faultHeader)) return decode(answer);
    const fault = decode(answer) as { code?: string; message?: string };
    throw new BusError('remote', fault.message ?? 'the other side failed', fault.code);
  }

  respond(subject: string, handler: (payload: unknown) => unknown | Promise<unknown>): Unsubscribe {
    return this.#each(subject, (message) => void this.#answer(message, handler));
  }

  connected(): boolean {
    return this.#link.connection() !== null;
  }

  onStatus(listener: (connected: boolean) => void): Unsubscribe {
    return this.#link.onStatus(listener);
  }

  #each(subject: string, take: (message: Msg) => void): Unsubscribe {
    let subscription: Subscription | null = null;
    const forget = this.#link.onSession((connection) => {
      subscription = connection.subscribe(subject, {
        // A refused subscription comes as an error; the link has logged it.
        callback: (error, message) => {
          if (!error) take(message);
        },
      });
    });
    return () => {
      forget();
      subscription?.unsubscribe();
    };
  }

  async #answer(message: Msg, handler: (payload: unknown) => unknown | Promise<unknown>): Promise<void> {
    try {
      const answer = encode((await handler(decode(message))) ?? null);
      message.respond(answer);
    } catch (error) {
      const mark = headers();
      mark.set(faultHeader, '1');
      const { code } = error as { code?: unknown };
      const body = { code: typeof code === 'string' ? code : undefined, message: messageOf(error) };
      try {
        message.respond(encode(body), { headers: mark });
      } catch {
        // The connection has gone meanwhile, and with it whoever waited.
      }
    }
  }

  #failed(subject: string, error: unknown): void {
    const key = `${subject} ${messageOf(error)}`;
    if (this.#garbled.has(key) || this.#garbled.size > 1000) return;
    this.#garbled.add(key);
    this.#log.error('a message could not be handled and is ignored', { subject, error: messageOf(error) });
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function encode(payload: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(payload ?? null));
}

function decode(message: Msg): unknown {
  return message.data.length === 0 ? null : (JSON.parse(decoder.decode(message.data)) as unknown);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function busError(error: unknown, subject: string, connection: NatsConnection): BusError {
  if (error instanceof errors.TimeoutError) return new BusError('timeout', `${subject} was not answered in time`);
  if (error instanceof errors.RequestError && error.isNoResponders())
    return new BusError('no-responders', `nobody answers ${subject}`);
  if (connection.isClosed()) return new BusError('disconnected', `NATS went away while ${subject} was asked`);
  return new BusError('disconnected', `${subject} could not be asked: ${messageOf(error)}`);
}
