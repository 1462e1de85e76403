import { streams } from '@hotstandby/contracts';
import type { Logger } from '@hotstandby/ports';
import { AckPolicy, DeliverPolicy, type ConsumerConfig } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { ensureConsumer } from './consumers.ts';
import { findSequence } from './find-event.ts';
import { drainPuller, everySession } from './follow.ts';
import type { Link } from './link.ts';
import { Puller, type Pulled } from './puller.ts';
import { manager } from './streams.ts';

export interface DurableRead {
  link: Link;
  log: Logger;
  inboxPrefix: string;
  name: string;
  filterSubject?: string | undefined;
  afterId?: string | undefined;
  onlyNew?: boolean | undefined;
}

const ackWaitMs = 30_000;
const retryDelayMs = { least: 500, most: 30_000 };
const mostDeliveries = 50;

/**
 * Reads the ops stream with a consumer that the server remembers: one event at a time, in order, acknowledged when the
 * handler is done. One that fails is tried again before any other, later and later, and given up in the end.
 */
export async function readDurably(
  read: DurableRead,
  take: (pulled: Pulled) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { link, log, inboxPrefix, name } = read;
  await everySession(link, signal, log, `reading events as ${name}`, async (connection) => {
    await ensureConsumer(connection, streams.ops, name, async () => ({
      ...(await startOf(connection, read)),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: 1,
      ...(read.filterSubject === undefined ? {} : { filter_subject: read.filterSubject }),
    }));
    const limits = { maxMessages: 1, maxBytes: 4 * 1024 * 1024 };
    const puller = new Puller(connection, { stream: streams.ops, consumer: name, inboxPrefix }, limits);
    const rest = await drainPuller(puller, signal, async ([pulled]) => {
      if (pulled) await settle(connection, pulled, take, log);
    });
    for (const pulled of rest) if (!connection.isClosed()) connection.publish(pulled.reply, '-NAK');
  });
}

async function settle(
  connection: NatsConnection,
  pulled: Pulled,
  take: (pulled: Pulled) => Promise<void>,
  log: Logger,
): Promise<void> {
  const answer = (word: string) => {
    if (!connection.isClosed()) connection.publish(pulled.reply, word);
  };
  // A handler may wait for a server longer than the server waits for it.
  const working = setInterval(() => answer('+WPI'), ackWaitMs / 3);
  try {
    await take(pulled);
    answer('+ACK');
  } catch (error) {
    const tries = pulled.deliveries;
    const givenUp = tries >= mostDeliveries;
    if (tries === 1 || givenUp) {
      const what = givenUp ? 'an event could not be handled and is given up' : 'an event is handled again later';
      log.error(what, { id: pulled.id, error: String(error) });
    }
    const delayMs = Math.min(retryDelayMs.least * 2 ** Math.min(tries - 1, 10), retryDelayMs.most);
    answer(givenUp ? '+TERM' : `-NAK {"delay": ${nanos(delayMs)}}`);
  } finally {
    clearInterval(working);
  }
}

async function startOf(connection: NatsConnection, read: DurableRead): Promise<Partial<ConsumerConfig>> {
  if (read.afterId === undefined) return { deliver_policy: read.onlyNew ? DeliverPolicy.New : DeliverPolicy.All };
  const { state } = await (await manager(connection)).streams.info(streams.ops);
  const sequence = await findSequence(connection, state, read.afterId, read.inboxPrefix);
  if (sequence === null) return { deliver_policy: DeliverPolicy.All };
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: sequence + 1 };
}
