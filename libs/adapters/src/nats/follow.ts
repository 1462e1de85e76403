import type { Logger } from '@hotstandby/ports';
import { AckPolicy, DeliverPolicy, type ConsumerConfig } from '@nats-io/jetstream';
import { nanos, nuid, type NatsConnection } from '@nats-io/transport-node';
import type { Link } from './link.ts';
import { Puller, type Pulled, type PullLimits } from './puller.ts';
import { manager } from './streams.ts';

/** Where a reader is in a stream; `streamId` tells whether the number still means something. */
export interface Position {
  streamId: string;
  /** The last sequence that was read. */
  sequence: number;
}

export interface FollowOptions {
  stream: string;
  inboxPrefix: string;
  filterSubject?: string | undefined;
  headersOnly?: boolean;
  limits: PullLimits;
}

/** A reader's own place, kept by itself: an unacknowledged consumer in the server's memory, made again in each session. */
export async function openReader(
  connection: NatsConnection,
  start: { sequence: number } | { startTimeMs: number },
  options: FollowOptions,
): Promise<{ puller: Puller; pending: number; name: string }> {
  const jsm = await manager(connection);
  const from: Partial<ConsumerConfig> =
    'sequence' in start
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, start.sequence) }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(start.startTimeMs).toISOString() };
  const name = `reader-${nuid.next()}`;
  const info = await jsm.consumers.add(options.stream, {
    name,
    ...from,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    inactive_threshold: nanos(60_000),
    ...(options.filterSubject === undefined ? {} : { filter_subject: options.filterSubject }),
    ...(options.headersOnly ? { headers_only: true } : {}),
  });
  const source = { stream: options.stream, consumer: name, inboxPrefix: options.inboxPrefix };
  return { puller: new Puller(connection, source, options.limits), pending: info.num_pending, name };
}

/** Runs `session` with every connection until `signal`; a failure is said once and tried again with back-off. */
export async function everySession(
  link: Link,
  signal: AbortSignal,
  log: Logger,
  what: string,
  session: (connection: NatsConnection) => Promise<void>,
): Promise<void> {
  let complained = false;
  let delayMs = 100;
  while (!signal.aborted) {
    const connection = await link.session(signal);
    if (!connection) return;
    try {
      await session(connection);
      complained = false;
      delayMs = 100;
      if (connection.isClosed()) continue;
    } catch (error) {
      // A connection that went away is told by the link.
      if (!complained && !connection.isClosed() && !signal.aborted) {
        complained = true;
        log.warn(`${what} does not work yet and is tried again`, { error: String(error) });
      }
    }
    await pause(delayMs, signal);
    delayMs = Math.min(delayMs * 2, 1000);
  }
}

/** Hands over what the puller brings until it or `signal` ends; returns what had come and was not handed over. */
export async function drainPuller(
  puller: Puller,
  signal: AbortSignal,
  take: (batch: Pulled[]) => Promise<void> | void,
): Promise<Pulled[]> {
  const stop = () => puller.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    for (let batch = await puller.next(); batch; batch = await puller.next()) await take(batch);
  } catch (error) {
    void puller.close();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return puller.close();
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
