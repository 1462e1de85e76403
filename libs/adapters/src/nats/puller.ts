import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';

/** A message as a JetStream consumer hands it over. */
export interface Pulled {
  subject: string;
  data: Uint8Array;
  /** The `Nats-Msg-Id` it was appended under. */
  id: string;
  sequence: number;
  /** 1 at the first delivery. */
  deliveries: number;
  /** Where to acknowledge it. */
  reply: string;
}

export interface PullLimits {
  maxMessages: number;
  maxBytes: number;
}

// A request that the server forgot (it should not) is asked again after this.
const expiresMs = 30_000;
const graceMs = 5000;
// A server that hangs must not hold up an end.
const drainMs = 1000;

/**
 * Reads one consumer over one connection. A request always waits at the server, so a message comes the moment it is
 * stored; the next request goes out when the one before is used up and the buffer has room.
 */
export class Puller {
  readonly #connection: NatsConnection;
  readonly #nextSubject: string;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #limits: PullLimits;
  #buffer: Pulled[] = [];
  #bufferedBytes = 0;
  /** Messages that the waiting request may still bring. */
  #open = 0;
  #gone = false;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #wake: () => void = () => {};

  constructor(
    connection: NatsConnection,
    source: { stream: string; consumer: string; inboxPrefix: string },
    limits: PullLimits,
  ) {
    this.#connection = connection;
    this.#nextSubject = `$JS.API.CONSUMER.MSG.NEXT.${source.stream}.${source.consumer}`;
    // A request whose bytes cannot hold one message would bring nothing for ever.
    this.#limits = { ...limits, maxBytes: Math.max(limits.maxBytes, (connection.info?.max_payload ?? 0) + 65_536) };
    this.#inbox = createInbox(source.inboxPrefix);
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error) this.#end();
        else this.#take(message);
      },
    });
    void connection.closed().then(() => this.#end());
    this.#ask();
  }

  /** What has come, at least one message; null when the connection or the consumer has gone, or after `stop`. */
  async next(): Promise<Pulled[] | null> {
    while (this.#buffer.length === 0 || this.#stopped) {
      if (this.#gone) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const batch = this.#buffer;
    this.#buffer = [];
    this.#bufferedBytes = 0;
    this.#ask();
    return batch;
  }

  /** Ends `next`, for whoever waits in it. */
  stop(): void {
    this.#stopped = true;
    this.#end();
  }

  /**
   * Asks for no more; gives what came and was not read, also what the server sent before it knew. Whoever settles messages
   * gives these back, or they are held up until the server has waited in vain for their acknowledgement.
   */
  async close(): Promise<Pulled[]> {
    this.#end();
    if (!this.#connection.isClosed()) {
      const drained = this.#subscription.drain().catch(() => {});
      await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
    }
    return this.#buffer.splice(0);
  }

  #ask(): void {
    const room = this.#limits.maxMessages - this.#buffer.length;
    if (this.#gone || this.#open > 0 || room <= 0 || this.#bufferedBytes >= this.#limits.maxBytes) return;
    this.#open = room;
    const request = { batch: room, max_bytes: this.#limits.maxBytes, expires: expiresMs * 1_000_000 };
    this.#connection.publish(this.#nextSubject, JSON.stringify(request), { reply: this.#inbox });
    this.#again(expiresMs + graceMs);
  }

  #again(afterMs: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#open = 0;
      this.#ask();
    }, afterMs);
  }

  #take(message: Msg): void {
    const status = message.headers?.code ?? 0;
    if (status > 0 && message.data.length === 0) return this.#note(status, message.headers?.description ?? '');
    const pulled = parsePulled(message);
    if (!pulled) return;
    this.#open -= 1;
    this.#buffer.push(pulled);
    this.#bufferedBytes += message.data.length;
    this.#ask();
    this.#wake();
  }

  #note(status: number, description: string): void {
    if (status === 503 || (status === 409 && /consumer deleted|consumer is push/i.test(description)))
      return this.#end();
    if (status === 100) return;
    this.#open = 0;
    // Nothing came although something was asked for: not in a tight loop.
    if (status === 408 || this.#buffer.length > 0) this.#ask();
    else this.#again(50);
  }

  #end(): void {
    this.#gone = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wake();
  }
}

/**
 * The place of a message is in its reply subject, `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>...`, with domain and
 * account hash after `ACK` in the form of later servers.
 */
function parsePulled(message: Msg): Pulled | null {
  const tokens = message.reply?.split('.') ?? [];
  const at = tokens.length > 9 ? 6 : 4;
  if (tokens[1] !== 'ACK' || !message.reply) return null;
  return {
    subject: message.subject,
    // Not a Buffer, whose `slice` shares its memory where everybody expects a copy.
    data: new Uint8Array(message.data.buffer, message.data.byteOffset, message.data.length),
    id: message.headers?.get('Nats-Msg-Id') ?? '',
    deliveries: Number(tokens[at]),
    sequence: Number(tokens[at + 1]),
    reply: message.reply,
  };
}
