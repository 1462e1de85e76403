import { CodedError } from '@hotstandby/contracts';
import type { Bus, CloudEvent, Clock, EventLog } from '@hotstandby/ports';
import { sseComment, sseEvent, sseRetry } from './sse.ts';

/** A client's connection. */
export interface FeedSink {
  /** Resolves when the client can take more. */
  write(text: string): Promise<void>;
}

export interface FeedRequest {
  after?: string | undefined;
  last: number;
  types?: string[] | undefined;
}

const mostReaders = 32;
const heartbeatMs = 15_000;
/** A client that takes nothing for so long is given up. */
const stalledMs = 30_000;

/** Events to HTTP clients. Each reads by itself, as fast as it takes them: nothing is kept for a slow one. */
export class EventFeed {
  readonly #parts: { events: EventLog; bus: Bus; clock: Clock };
  #ending = new AbortController();
  #readers = 0;

  constructor(parts: { events: EventLog; bus: Bus; clock: Clock }) {
    this.#parts = parts;
  }

  readers(): number {
    return this.#readers;
  }

  /** Throws `HS_TOO_MANY` before anything is written, when as many as are allowed are connected. */
  admit(): void {
    if (this.#readers < mostReaders) return;
    throw new CodedError('HS_TOO_MANY', `${mostReaders} readers of events are connected`);
  }

  /** Writes events until the client is `gone`, stalls, or the feed is stopped; then resolves. */
  async follow(request: FeedRequest, sink: FeedSink, gone: AbortSignal): Promise<void> {
    const { clock, events, bus } = this.#parts;
    const ending = new AbortController();
    const end = () => ending.abort();
    const sources = [gone, this.#ending.signal];
    for (const source of sources) {
      source.addEventListener('abort', end, { once: true });
      if (source.aborted) end();
    }
    let writing = false;
    const write = async (text: string) => {
      if (ending.signal.aborted) return;
      writing = true;
      const cancel = clock.after(stalledMs, end);
      try {
        await Promise.race([sink.write(text), aborted(ending.signal)]);
      } catch {
        end();
      } finally {
        cancel();
        writing = false;
      }
    };
    const cancelHeartbeat = clock.every(heartbeatMs, () => {
      // What is on its way shows as well that the connection lives.
      if (!writing) void write(sseComment('heartbeat'));
    });
    this.#readers++;
    try {
      await write(sseRetry(2000));
      if (!bus.connected()) await write(sseComment('the event log is away; events follow when it is back'));
      if (ending.signal.aborted) return;
      const { after: afterId, last, types } = request;
      await events.read({ afterId, last, types }, (event: CloudEvent) => write(sseEvent(event)), ending.signal);
    } finally {
      this.#readers--;
      cancelHeartbeat();
      for (const source of sources) source.removeEventListener('abort', end);
      end();
    }
  }

  stop(): void {
    this.#ending.abort();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
