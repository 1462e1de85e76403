import { streams, subjects, type Place } from '@hotstandby/contracts';
import {
  DiscardPolicy,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import type { IngestBounds } from '@hotstandby/ports';

export type WantedStream = Partial<StreamConfig> & { name: string };

// Facts are rare and small: this holds months of an ordinary pair, and a day of one that flaps.
const opsBounds = { maxBytes: 128 * 1024 * 1024, maxMessages: 200_000, maxAgeMs: 90 * 86_400_000 };

/**
 * The ops stream of a node: its own events, and the peer's by way of the peer's stream. The filter keeps each from
 * sourcing back what it gave: without it the two stall for good; with a subject for both nodes everything is stored twice.
 */
export function opsStream(own: Place, peer: Place): WantedStream {
  return {
    name: streams.ops,
    subjects: [subjects.anyEvent(own)],
    sources: [
      { name: streams.ops, filter_subject: subjects.anyEvent(peer), external: { api: `$JS.${peer.node}.API` } },
    ],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: opsBounds.maxBytes,
    max_msgs: opsBounds.maxMessages,
    max_age: nanos(opsBounds.maxAgeMs),
    // An append is repeated through an outage as long as its process lives.
    duplicate_window: nanos(3_600_000),
  };
}

/** The node's own durable queue of telemetry. */
export function ingestStream(own: Place, bounds: IngestBounds): WantedStream {
  return {
    name: streams.ingest,
    subjects: [subjects.ingest(own)],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: bounds.maxBytes,
    max_age: nanos(bounds.maxAgeMs),
    duplicate_window: nanos(Math.min(120_000, bounds.maxAgeMs)),
  };
}

/** The copy of the peer's: the same messages under the same names, numbers and times. */
export function ingestCopyStream(peer: Place, bounds: IngestBounds): WantedStream {
  return {
    name: streams.ingestPeer,
    mirror: { name: streams.ingest, external: { api: `$JS.${peer.node}.API` } },
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: bounds.maxBytes,
    max_age: nanos(bounds.maxAgeMs),
  };
}

// Two templates of an exporter are a kilobyte; what nobody has announced for a month has gone.
const templateBounds = { maxBytes: 32 * 1024 * 1024, maxMessages: 40_000, maxAgeMs: 30 * 86_400_000 };

/** The last value of each template, the node's own and the peer's; the filter as in the ops stream. */
export function templateStream(own: Place, peer: Place): WantedStream {
  return {
    name: streams.templates,
    subjects: [subjects.template(own, '>')],
    sources: [
      {
        name: streams.templates,
        filter_subject: subjects.template(peer, '>'),
        external: { api: `$JS.${peer.node}.API` },
      },
    ],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    max_msgs: templateBounds.maxMessages,
    max_bytes: templateBounds.maxBytes,
    max_age: nanos(templateBounds.maxAgeMs),
  };
}

/** Records of telemetry for other consumers, bounded. */
export function recordsStream(own: Place, bounds: IngestBounds): WantedStream {
  return {
    name: streams.records,
    subjects: [subjects.records(own, '*')],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: bounds.maxBytes,
    max_age: nanos(bounds.maxAgeMs),
    duplicate_window: nanos(Math.min(120_000, bounds.maxAgeMs)),
  };
}

export const manager = (connection: NatsConnection): Promise<JetStreamManager> =>
  jetstreamManager(connection, { checkAPI: false });

/** Makes the stream, or changes it where it differs from what is wanted. */
export async function ensureStream(jsm: JetStreamManager, wanted: WantedStream): Promise<StreamInfo> {
  let present: StreamInfo;
  try {
    present = await jsm.streams.info(wanted.name);
  } catch (error) {
    if (!isCode(error, apiCodes.streamNotFound)) throw error;
    return jsm.streams.add(wanted);
  }
  return covers(present.config, wanted) ? present : jsm.streams.update(wanted.name, wanted);
}

/** Every wanted field is there with its value; what the server added by itself does not count. */
function covers(present: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return present === wanted;
  if (typeof present !== 'object' || present === null) return false;
  return Object.entries(wanted).every(([key, value]) => covers((present as Record<string, unknown>)[key], value));
}

export const apiCodes = { streamNotFound: 10059, consumerNotFound: 10014 } as const;

export function isCode(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
