import { CodedError, streams, subjects, type Place } from '@hotstandby/contracts';
import type { Ingest, IngestBounds, IngestCopy } from '@hotstandby/ports';
import { everySession } from './follow.ts';
import { NatsIngestReader, type IngestParts } from './nats-ingest-reader.ts';
import { publishToStream } from './stream-publish.ts';
import { ensureStream, ingestCopyStream, ingestStream, manager, type WantedStream } from './streams.ts';

/** A stream that this node keeps. */
abstract class KeptStream extends NatsIngestReader {
  readonly #ending: AbortSignal;

  constructor(stream: string, parts: IngestParts) {
    super(stream, parts);
    this.#ending = parts.ending;
  }

  /** Waits for a server that is away. Rejects with `HS_NATS_UNREACHABLE` when the connection is closed meanwhile. */
  protected async keep(wanted: WantedStream): Promise<void> {
    const kept = new AbortController();
    const signal = AbortSignal.any([kept.signal, this.#ending]);
    await everySession(this.link, signal, this.log, `opening ${this.stream}`, async (connection) => {
      await ensureStream(await manager(connection), wanted);
      kept.abort();
    });
    if (!kept.signal.aborted) throw new CodedError('HS_NATS_UNREACHABLE', 'the connection was closed');
  }
}

/** INGEST on the node's own server. */
export class NatsIngest extends KeptStream implements Ingest {
  readonly #place: Place;

  constructor(place: Place, parts: IngestParts) {
    super(streams.ingest, parts);
    this.#place = place;
  }

  open(bounds: IngestBounds): Promise<void> {
    return this.keep(ingestStream(this.#place, bounds));
  }

  /** One try. Rejects with `HS_NATS_UNREACHABLE` when it is not known to be stored, `HS_NATS_REFUSED` when it never will be. */
  async append(frame: Uint8Array, id: string): Promise<void> {
    const connection = this.link.connection();
    if (!connection) throw new CodedError('HS_NATS_UNREACHABLE', 'NATS is away');
    const failure = await publishToStream(connection, { subject: subjects.ingest(this.#place), id, payload: frame });
    if (failure) throw new CodedError(failure.lasting ? 'HS_NATS_REFUSED' : 'HS_NATS_UNREACHABLE', failure.message);
  }
}

/** JetStream's mirror of the peer's INGEST, which comes over the leaf connection. */
export class NatsIngestCopy extends KeptStream implements IngestCopy {
  readonly #peer: Place;

  constructor(peer: Place, parts: IngestParts) {
    super(streams.ingestPeer, parts);
    this.#peer = peer;
  }

  open(bounds: IngestBounds): Promise<void> {
    return this.keep(ingestCopyStream(this.#peer, bounds));
  }
}
