import { CodedError, streams, subjects, type Place } from '@hotstandby/contracts';
import type { Ingest, IngestBounds, IngestMessage, Logger } from '@hotstandby/ports';
import { AckPolicy, DeliverPolicy, type ConsumerConfig } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { ensureConsumer } from './consumers.ts';
import { drainPuller, everySession, openReader, type Position } from './follow.ts';
import type { Link } from './link.ts';
import { LateAnswers } from './late-answers.ts';
import { Puller, type PullLimits } from './puller.ts';
import { publishToStream } from './stream-publish.ts';
import { apiCodes, ensureStream, ingestStream, isCode, manager } from './streams.ts';

type From = { startTimeMs: number } | 'first';

// Longer than any two batches take (one is read ahead): a redelivery is for a reader that died, and its successor waits
// for it.
const ackWaitMs = 10_000;
const failedDelayMs = 500;
const maxUnsettled = 100_000;
const watchLimits = { maxMessages: 256, maxBytes: 8 * 1024 * 1024 };

/** INGEST on the node's own server. */
export class NatsIngest implements Ingest {
  readonly #link: Link;
  readonly #log: Logger;
  readonly #place: Place;
  readonly #inboxPrefix: string;
  readonly #subject: string;
  readonly #answers: LateAnswers;
  readonly #ending: AbortSignal;

  constructor(parts: { link: Link; log: Logger; place: Place; inboxPrefix: string; ending: AbortSignal }) {
    this.#link = parts.link;
    this.#log = parts.log;
    this.#place = parts.place;
    this.#inboxPrefix = parts.inboxPrefix;
    this.#ending = parts.ending;
    this.#subject = subjects.ingest(parts.place);
    this.#answers = new LateAnswers(parts.link);
  }

  /** Waits for a server that is away. Rejects with `HS_NATS_UNREACHABLE` when the connection is closed meanwhile. */
  async open(bounds: IngestBounds): Promise<{ streamId: string }> {
    let streamId: string | null = null;
    const found = new AbortController();
    const signal = AbortSignal.any([found.signal, this.#ending]);
    await everySession(this.#link, signal, this.#log, 'opening INGEST', async (connection) => {
      const info = await ensureStream(await manager(connection), ingestStream(this.#place, bounds));
      streamId = info.created;
      found.abort();
    });
    if (streamId === null) throw new CodedError('HS_NATS_UNREACHABLE', 'the connection was closed');
    return { streamId };
  }

  /** One try. Rejects with `HS_NATS_UNREACHABLE` when it is not known to be stored, `HS_NATS_REFUSED` when it never will be. */
  async append(frame: Uint8Array, id: string): Promise<void> {
    const connection = this.#link.connection();
    if (!connection) throw new CodedError('HS_NATS_UNREACHABLE', 'NATS is away');
    const failure = await publishToStream(connection, { subject: this.#subject, id, payload: frame });
    if (failure) throw new CodedError(failure.lasting ? 'HS_NATS_REFUSED' : 'HS_NATS_UNREACHABLE', failure.message);
  }

  async consume(
    consumer: { name: string; from: From },
    limits: PullLimits,
    handler: (batch: IngestMessage[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { name, from } = consumer;
    const source = { stream: streams.ingest, consumer: name, inboxPrefix: this.#inboxPrefix };
    await everySession(this.#link, signal, this.#log, `reading INGEST as ${name}`, async (connection) => {
      const [streamId] = await Promise.all([
        this.#streamId(connection),
        ensureConsumer(connection, streams.ingest, name, () => consumerConfig(from)),
      ]);
      const rest = await drainPuller(new Puller(connection, source, limits), signal, async (batch) => {
        const messages = batch.map((pulled) => this.#message(streamId, pulled));
        try {
          await handler(messages);
        } catch (error) {
          // Those it had settled before stay settled.
          for (const message of messages) message.retry(failedDelayMs);
          throw error;
        }
      });
      // To another replica at once, not when the server has given this one up.
      for (const pulled of rest) this.#message(streamId, pulled).retry(0);
    });
  }

  async watch(
    from: { startTimeMs: number } | 'end',
    handler: (message: Omit<IngestMessage, 'ack' | 'retry'>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const options = { stream: streams.ingest, inboxPrefix: this.#inboxPrefix, limits: watchLimits };
    let position: Position | null = null;
    await everySession(this.#link, signal, this.#log, 'watching INGEST', async (connection) => {
      const { created: streamId, state } = await (await manager(connection)).streams.info(streams.ingest);
      if (from === 'end') position ??= { streamId, sequence: state.last_seq };
      const known = position?.streamId === streamId ? position.sequence + 1 : null;
      const start = known !== null ? { sequence: known } : from === 'end' ? { sequence: 1 } : from;
      const { puller } = await openReader(connection, start, options);
      await drainPuller(puller, signal, (batch) => {
        for (const { sequence, data } of batch) {
          if (signal.aborted) return;
          handler({ streamId, sequence, frame: data });
          position = { streamId, sequence };
        }
      });
    });
  }

  /** Leaves the consumers of watchers alone: they go by themselves. Does nothing while NATS is away: best effort. */
  async forgetConsumers(keep: string): Promise<void> {
    const jsm = await manager(this.#connected());
    for await (const info of jsm.consumers.list(streams.ingest)) {
      if (!info.config.durable_name || info.name === keep) continue;
      await jsm.consumers.delete(streams.ingest, info.name);
    }
  }

  async backlog(consumer: string): Promise<number> {
    const jsm = await manager(this.#connected());
    try {
      const info = await jsm.consumers.info(streams.ingest, consumer);
      return info.num_pending + info.num_ack_pending;
    } catch (error) {
      if (isCode(error, apiCodes.consumerNotFound)) return 0;
      throw error;
    }
  }

  async settledBeforeMs(consumer: string): Promise<number | null> {
    const jsm = await manager(this.#connected());
    const askedAtMs = Date.now();
    try {
      const { ack_floor: floor, num_pending, num_ack_pending } = await jsm.consumers.info(streams.ingest, consumer);
      if (num_pending + num_ack_pending === 0) return askedAtMs;
      const { state } = await jsm.streams.info(streams.ingest);
      const first = Math.max(floor.stream_seq + 1, state.first_seq);
      const message = await jsm.streams.getMessage(streams.ingest, { seq: first });
      return message ? message.time.getTime() : null;
    } catch (error) {
      if (isCode(error, apiCodes.consumerNotFound)) return null;
      throw error;
    }
  }

  async position(consumer: string): Promise<{ firstKeptSequence: number; handedOverSequence: number } | null> {
    const jsm = await manager(this.#connected());
    try {
      // In this order: a message handed over in between is then no gap.
      const { state } = await jsm.streams.info(streams.ingest);
      const { delivered } = await jsm.consumers.info(streams.ingest, consumer);
      return { firstKeptSequence: state.first_seq, handedOverSequence: delivered.stream_seq };
    } catch (error) {
      if (isCode(error, apiCodes.consumerNotFound)) return null;
      throw error;
    }
  }

  #connected(): NatsConnection {
    const connection = this.#link.connection();
    if (!connection) throw new CodedError('HS_NATS_UNREACHABLE', 'NATS is away');
    return connection;
  }

  async #streamId(connection: NatsConnection): Promise<string> {
    return (await (await manager(connection)).streams.info(streams.ingest)).created;
  }

  #message(streamId: string, pulled: { sequence: number; data: Uint8Array; reply: string }): IngestMessage {
    const { sequence, data, reply } = pulled;
    return {
      streamId,
      sequence,
      frame: data,
      ack: () => this.#answers.send(reply, '+ACK'),
      retry: (delayMs) => this.#answers.send(reply, `-NAK {"delay": ${nanos(Math.max(0, Math.round(delayMs)))}}`),
    };
  }
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
