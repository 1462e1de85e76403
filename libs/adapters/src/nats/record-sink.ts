import { CodedError, subjects, type Place } from '@hotstandby/contracts';
import { recordLine } from '@hotstandby/core/record-lines';
import type { SinkItem, SinkMessage, TelemetryKind, TelemetrySink } from '@hotstandby/ports';
import type { Link } from './link.ts';
import { publishToStream } from './stream-publish.ts';
import { ensureStream, manager, recordsStream } from './streams.ts';

export interface RecordSinkOptions {
  kinds: readonly TelemetryKind[];
  /** Bounds of the stream: the oldest records go. */
  maxBytes: number;
  maxAgeMs: number;
}

interface Part {
  id: string;
  subject: string;
  payload: Buffer;
}

class Parts implements SinkItem {
  readonly messageId: string;
  readonly parts: readonly Part[];

  constructor(messageId: string, parts: readonly Part[]) {
    this.messageId = messageId;
    this.parts = parts;
  }
}

/** Below what a server takes by default, whatever a record adds. */
const mostBytes = 512 * 1024;
const inFlight = 16;

/**
 * Records as lines of JSON in messages of the stream RECORDS on this node's server. A message that comes again within the stream's duplicate
 * window has the same `Nats-Msg-Id` and is kept once.
 */
export class NatsRecordSink implements TelemetrySink {
  readonly name = 'jetstream RECORDS';
  readonly readsFlows: boolean;
  readonly readsSyslog: boolean;
  readonly #place: Place;
  readonly #link: Link;
  readonly #options: RecordSinkOptions;
  #kept = false;

  constructor(place: Place, link: Link, options: RecordSinkOptions) {
    this.#place = place;
    this.#link = link;
    this.#options = options;
    this.readsFlows = options.kinds.includes('flow');
    this.readsSyslog = options.kinds.includes('syslog');
  }

  stage(message: SinkMessage): SinkItem | null {
    const parts: Part[] = [];
    let lines: string[] = [];
    let [bytes, number] = [0, 0];
    const end = (kind: TelemetryKind) => {
      if (lines.length === 0) return;
      const id = `${message.messageId}/${parts.length}`;
      parts.push({ id, subject: subjects.records(this.#place, kind), payload: Buffer.from(`${lines.join('\n')}\n`) });
      [lines, bytes] = [[], 0];
    };
    for (const { datagram, digest, syslog, traps, flows } of message.datagrams) {
      const { kind } = datagram;
      for (const record of [...syslog, ...traps, ...flows]) {
        const id = `${message.messageId}/${number++}`;
        if (!this.#options.kinds.includes(kind)) continue;
        const line = recordLine({ id, kind, digest, epoch: message.epoch }, record);
        if (bytes + line.length * 3 > mostBytes) end(kind);
        lines.push(line);
        bytes += line.length;
      }
      // A message of INGEST is of one kind.
      if (datagram === message.datagrams.at(-1)?.datagram) end(kind);
    }
    return parts.length === 0 ? null : new Parts(message.messageId, parts);
  }

  /** Throws `HS_SINK_FAILED`. */
  async deliver(items: readonly SinkItem[]): Promise<void> {
    const parts = items.filter((item) => item instanceof Parts).flatMap((item) => item.parts);
    await this.#keep();
    for (let from = 0; from < parts.length; from += inFlight) {
      const failures = await Promise.all(parts.slice(from, from + inFlight).map((part) => this.#publish(part)));
      const failure = failures.find((one) => one !== null);
      if (failure) throw new CodedError('HS_SINK_FAILED', `${this.name} takes nothing (${failure})`);
    }
  }

  /** The connection is whose it is. */
  async close(): Promise<void> {}

  async #publish(part: Part): Promise<string | null> {
    const connection = this.#link.connection();
    if (!connection) return 'NATS is away';
    const failure = await publishToStream(connection, part);
    // The stream may have been deleted by somebody.
    if (failure) this.#kept = false;
    return failure?.message ?? null;
  }

  async #keep(): Promise<void> {
    if (this.#kept) return;
    const connection = this.#link.connection();
    if (!connection) throw new CodedError('HS_SINK_FAILED', `${this.name} takes nothing (NATS is away)`);
    try {
      await ensureStream(await manager(connection), recordsStream(this.#place, this.#options));
      this.#kept = true;
    } catch (cause) {
      throw new CodedError('HS_SINK_FAILED', `${this.name} cannot be made (${String(cause)})`, { cause });
    }
  }
}
