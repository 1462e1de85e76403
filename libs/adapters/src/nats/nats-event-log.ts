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

    let position: Position | null = null;
    let lastId = options.afterId;
    await everySession(link, signal, log, 'reading events', async (connection) => {
      const start = await this.#start(connection, position, lastId, options.onlyNew === true);
      position = start;
      const reader = await openReader(
        connection,
        { sequence: start.sequence + 1 },
        { stream: streams.ops, inboxPrefix, filterSubject, limits },
      );
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
    onlyNew: boolean,
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
    return { streamId, sequence: onlyNew && position === null ? info.state.last_seq : 0 };
  }
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
