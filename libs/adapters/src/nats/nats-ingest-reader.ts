import { CodedError } from '@hotstandby/contracts';
import type { IngestMessage, IngestReader, Logger, ReadMessage } from '@hotstandby/ports';
import { AckPolicy, DeliverPolicy, type ConsumerConfig, type StreamState } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { ensureConsumer } from './consumers.ts';
import { drainPuller, everySession, openReader, type Position } from './follow.ts';
import type { Link } from './link.ts';
import { LateAnswers } from './late-answers.ts';
import { Puller, type Pulled, type PullLimits } from './puller.ts';
import { apiCodes, isCode, manager } from './streams.ts';

type From = { startTimeMs: number } | 'first';

// Longer than any two batches take (one is read ahead): a redelivery is for a reader that died, and its successor waits
// for it.
const ackWaitMs = 10_000;
const failedDelayMs = 500;
const maxUnsettled = 100_000;
/** A read takes no longer: what a busy server has given by then is what there is for now. */
const readWithinMs = 5000;
const watchLimits = { maxMessages: 32, maxBytes: 2 * 1024 * 1024 };

export interface IngestParts {
  link: Link;
  log: Logger;
  inboxPrefix: string;
  ending: AbortSignal;
}

/** Reads a stream of frames on the node's own server. */
export class NatsIngestReader implements IngestReader {
  protected readonly link: Link;
  protected readonly log: Logger;
  protected readonly stream: string;
  readonly #inboxPrefix: string;
  readonly #answers: LateAnswers;

  constructor(stream: string, parts: IngestParts) {
    this.stream = stream;
    this.link = parts.link;
    this.log = parts.log;
    this.#inboxPrefix = parts.inboxPrefix;
    this.#answers = new LateAnswers(parts.link);
  }

  async consume(
    consumer: { name: string; from: From },
    limits: PullLimits,
    handler: (batch: IngestMessage[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { name, from } = consumer;
    const source = { stream: this.stream, consumer: name, inboxPrefix: this.#inboxPrefix };
    await everySession(this.link, signal, this.log, `reading INGEST as ${name}`, async (connection) => {
      await ensureConsumer(connection, this.stream, name, () => consumerConfig(from));
      const rest = await drainPuller(new Puller(connection, source, limits), signal, async (batch) => {
        const messages = batch.map((pulled) => this.#message(pulled));
        try {
          await handler(messages);
        } catch (error) {
          // Those it had settled before stay settled.
          for (const message of messages) message.retry(failedDelayMs);
          throw error;
        }
      });
      // To another replica at once, not when the server has given this one up.
      for (const pulled of rest) this.#message(pulled).retry(0);
    });
  }

  async watch(
    from: { startTimeMs: number } | 'end',
    handler: (message: Omit<IngestMessage, 'ack' | 'retry'>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const options = { stream: this.stream, inboxPrefix: this.#inboxPrefix, limits: watchLimits };
    let position: Position | null = null;
    await everySession(this.link, signal, this.log, 'watching INGEST', async (connection) => {
      const { created: streamId, state } = await (await manager(connection)).streams.info(this.stream);
      if (from === 'end') position ??= { streamId, sequence: state.last_seq };
      const known = position?.streamId === streamId ? position.sequence + 1 : null;
      const start = known !== null ? { sequence: known } : from === 'end' ? { sequence: 1 } : from;
      const { puller } = await openReader(connection, start, options);
      await drainPuller(puller, signal, (batch) => {
        for (const { id, sequence, data } of batch) {
          if (signal.aborted) return;
          handler({ id, sequence, frame: data });
          position = { streamId, sequence };
        }
      });
    });
  }

  async read(from: { startTimeMs: number } | { sequence: number }, most: { messages: number; bytes: number }) {
    const connection = this.connected();
    const jsm = await manager(connection);
    const { state, created } = await jsm.streams.info(this.stream);
    const keptSinceMs = keptSince(state, created);
    const lastSequence = state.last_seq;
    if (most.messages === 0) return { messages: [], end: false, lastSequence, keptSinceMs };
    const options = { stream: this.stream, inboxPrefix: this.#inboxPrefix, limits: watchLimits };
    const { puller, pending, name } = await openReader(connection, from, options);
    const wanted = Math.min(pending, most.messages);
    let bytes = 0;
    const messages: ReadMessage[] = [];
    const timer = setTimeout(() => puller.stop(), readWithinMs);
    try {
      while (messages.length < wanted && bytes < most.bytes) {
        const batch = await puller.next();
        if (!batch && messages.length > 0) break;
        if (!batch)
          throw new CodedError('HS_NO_ANSWER', `nothing of ${this.stream} came within ${readWithinMs / 1000} s`);
        for (const { id, sequence, data } of batch) {
          messages.push({ id, sequence, frame: data });
          bytes += data.length;
        }
      }
    } finally {
      clearTimeout(timer);
      await puller.close();
      await jsm.consumers.delete(this.stream, name).catch(() => {});
    }
    return { messages, end: messages.length >= pending, lastSequence, keptSinceMs };
  }

  /** Leaves the consumers of watchers alone: they go by themselves. Does nothing while NATS is away: best effort. */
  async forgetConsumers(keep: string): Promise<void> {
    const jsm = await manager(this.connected());
    for await (const info of jsm.consumers.list(this.stream)) {
      if (!info.config.durable_name || info.name === keep || info.name.startsWith(`${keep}-`)) continue;
      await jsm.consumers.delete(this.stream, info.name);
    }
  }

  async backlog(consumer: string): Promise<number> {
    const jsm = await manager(this.connected());
    try {
      const info = await jsm.consumers.info(this.stream, consumer);
      return info.num_pending + info.num_ack_pending;
    } catch (error) {
      if (isCode(error, apiCodes.consumerNotFound)) return 0;
      throw error;
    }
  }

  async settledBeforeMs(consumer: string): Promise<number | null> {
    const jsm = await manager(this.connected());
    const askedAtMs = Date.now();
    try {
      const { ack_floor: floor, num_pending, num_ack_pending } = await jsm.consumers.info(this.stream, consumer);
      if (num_pending + num_ack_pending === 0) return askedAtMs;
      const { state } = await jsm.streams.info(this.stream);
      const first = Math.max(floor.stream_seq + 1, state.first_seq);
      const message = await jsm.streams.getMessage(this.stream, { seq: first });
      return message ? message.time.getTime() : null;
    } catch (error) {
      if (isCode(error, apiCodes.consumerNotFound)) return null;
      throw error;
    }
  }

  async position(consumer: string): Promise<{ firstKeptSequence: number; handedOverSequence: number } | null> {
    const jsm = await manager(this.connected());
    try {
      // In this order: a message handed over in between is then no gap.
      const { state } = await jsm.streams.info(this.stream);
      const { delivered } = await jsm.consumers.info(this.stream, consumer);
      return { firstKeptSequence: state.first_seq, handedOverSequence: delivered.stream_seq };
    } catch (error) {
      if (isCode(error, apiCodes.consumerNotFound)) return null;
      throw error;
    }
  }

  protected connected(): NatsConnection {
    const connection = this.link.connection();
    if (!connection) throw new CodedError('HS_NATS_UNREACHABLE', 'NATS is away');
    return connection;
  }

  #message(pulled: Pulled): IngestMessage {
    const { id, sequence, data, reply } = pulled;
    return {
      id,
      sequence,
      frame: data,
      ack: () => this.#answers.send(reply, '+ACK'),
      retry: (delayMs) => this.#answers.send(reply, `-NAK {"delay": ${nanos(Math.max(0, Math.round(delayMs)))}}`),
    };
  }
}

/**
 * From when on everything is kept. A stream that nothing has left is whole from its beginning, also when its first message came much
 * later: with one address fed, that of a standby that took over.
 */
function keptSince(
  state: Pick<StreamState, 'messages' | 'first_seq' | 'first_ts' | 'last_seq' | 'last_ts'>,
  created: string,
) {
  if (state.last_seq === 0) return null;
  if (state.messages === 0) return Date.parse(state.last_ts) + 1;
  return Date.parse(state.first_seq > 1 ? state.first_ts : created);
}

function consumerConfig(from: From): Partial<ConsumerConfig> {
  return {
    ...(from === 'first'
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(from.startTimeMs).toISOString() }),
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: maxUnsettled,
  };
}
