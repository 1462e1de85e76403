import { cloudEvent, parse, streams, subjects, type Place, type ServiceName } from '@hotstandby/contracts';
import type { CloudEvent, EventLog, Logger, ReadOptions } from '@hotstandby/ports';
import type { NatsConnection } from '@nats-io/transport-node';
import { Appender } from './appender.ts';
import { readDurably } from './durable-read.ts';
import { findSequence } from './find-event.ts';
import { drainPuller, everySession, openReader, type Position } from './follow.ts';
import type { Link } from './link.ts';
import type { Pulled } from './puller.ts';
import { manager } from './streams.ts';

export interface EventLogOptions {
  link: Link;
  log: Logger;
  place: Place;
  /** Who appends; null: only reads. */
  service: ServiceName | null;
  inboxPrefix: string;
}

export type EventHandler = (event: CloudEvent) => Promise<void> | void;

const waiting = { what: 'events', maxItems: 10_000, maxBytes: 16 * 1024 * 1024 };
const limits = { maxMessages: 256, maxBytes: 4 * 1024 * 1024 };

/** The ops stream on the node's own server. */
export class NatsEventLog implements EventLog {
  readonly #options: EventLogOptions;
  readonly #appender: Appender;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#appender = new Appender(options.link, options.log, waiting);
  }

  /** Rejects (`HS_NATS_UNREACHABLE`) only when the event was given up: too many waited, or the process ends. */
  append(event: CloudEvent): Promise<void> {
    const { service, place } = this.#options;
    if (service === null) return Promise.reject(new TypeError('this user only reads events'));
    const payload = new TextEncoder().encode(JSON.stringify(event));
    return this.#appender.append(subjects.event(place, service, event.type), event.id, payload);
  }

  async read(options: ReadOptions, handler: EventHandler, signal: AbortSignal): Promise<void> {
    const { link, log, place, inboxPrefix } = this.#options;
    const take = eventTaker(options.types, handler, log);
    const filterSubject = options.types?.length === 1 ? anyNodeEvent(place, options.types[0] ?? '') : undefined;
    if (options.durableName !== undefined)
      return readDurably(
        { link, log, inboxPrefix, filterSubject, ...options, name: options.durableName },
        take,
        signal,
      );

    const ending = new AbortController();
    const end = () => ending.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      await this.#readOn(options, filterSubject, take, ending);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  /** Session after session, from the last position read, until `ending`. */
  async #readOn(
    options: ReadOptions,
    filterSubject: string | undefined,
    take: (pulled: Pulled) => Promise<void>,
    ending: AbortController,
  ): Promise<void> {
    const { link, log, inboxPrefix } = this.#options;
    const { signal } = ending;
    let position: Position | null = null;
    let lastId = options.afterId;
    await everySession(link, signal, log, 'reading events', async (connection) => {
      const start = await this.#start(connection, position, lastId, backOf(options));
      position = start;
      const reader = await openReader(
        connection,
        { sequence: start.sequence + 1 },
        { stream: streams.ops, inboxPrefix, filterSubject, limits },
      );
      let toRead = options.toEnd === true ? reader.pending : Infinity;
      if (toRead === 0) ending.abort();
      await drainPuller(reader.puller, signal, async (batch) => {
        for (const pulled of batch) {
          if (signal.aborted) return;
          try {
            await take(pulled);
          } catch (error) {
            log.error('an event could not be handled and is passed over', { id: pulled.id, error: String(error) });
          }
          position = { streamId: start.streamId, sequence: pulled.sequence };
          lastId = pulled.id;
          if (--toRead <= 0) return ending.abort();
        }
      });
    });
  }

  close(waitMs: number): Promise<void> {
    return this.#appender.close(waitMs);
  }

  /** The last position read, as it is in the stream that is there now. */
  async #start(
    connection: NatsConnection,
    position: Position | null,
    lastId: string | undefined,
    back: number,
  ): Promise<Position> {
    const info = await (await manager(connection)).streams.info(streams.ops);
    const streamId = info.created;
    if (position?.streamId === streamId) return position;
    if (lastId !== undefined)
      return {
        streamId,
        sequence: (await findSequence(connection, info.state, lastId, this.#options.inboxPrefix)) ?? 0,
      };
    // A stream made anew after the first session holds nothing that was there before: all of it is new.
    return { streamId, sequence: position === null ? Math.max(0, info.state.last_seq - back) : 0 };
  }
}

/** How many events before the end to start. */
function backOf(options: ReadOptions): number {
  return options.onlyNew === true ? 0 : (options.last ?? Infinity);
}

/** Reads an event and hands it over when its type is wanted. What is no CloudEvent is logged and passed over. */
function eventTaker(
  types: string[] | undefined,
  handler: EventHandler,
  log: Logger,
): (pulled: Pulled) => Promise<void> {
  const wanted = types && new Set(types);
  return async (pulled) => {
    let event: CloudEvent;
    try {
      event = parse(cloudEvent, JSON.parse(new TextDecoder().decode(pulled.data)), 'an event');
    } catch (error) {
      log.error('something in the ops stream is not an event', { subject: pulled.subject, error: String(error) });
      return;
    }
    if (!wanted || wanted.has(event.type)) await handler(event);
  };
}

const anyNodeEvent = (place: Place, type: string): string => `hs.${place.cluster}.*.*.event.${type}`;
