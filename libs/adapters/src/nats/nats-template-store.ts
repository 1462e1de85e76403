import { CodedError, streams, subjects, type Place } from '@hotstandby/contracts';
import type { PlainTemplate, TemplateStore } from '@hotstandby/ports';
import { drainPuller, everySession, openReader, type Position } from './follow.ts';
import type { IngestParts } from './nats-ingest-reader.ts';
import { publishToStream } from './stream-publish.ts';
import { ensureStream, manager, templateStream } from './streams.ts';

const readLimits = { maxMessages: 256, maxBytes: 1024 * 1024 };

/**
 * Templates in JetStream: a stream that keeps the last value of each subject (what JetStream calls a key-value bucket), with
 * this node's own and, over the leaf connection, the other node's.
 */
export class NatsTemplateStore implements TemplateStore {
  readonly #own: Place;
  readonly #peer: Place;
  readonly #parts: IngestParts;

  constructor(own: Place, peer: Place, parts: IngestParts) {
    this.#own = own;
    this.#peer = peer;
    this.#parts = parts;
  }

  async put(template: PlainTemplate): Promise<void> {
    const connection = this.#parts.link.connection();
    if (!connection) throw new CodedError('HS_NATS_UNREACHABLE', 'NATS is away');
    const key = keyOf(template);
    const payload = new TextEncoder().encode(JSON.stringify(template));
    const failure = await publishToStream(connection, {
      subject: subjects.template(this.#own, key),
      id: `${key} ${template.learnedAtMs}`,
      payload,
    });
    if (failure) throw new CodedError(failure.lasting ? 'HS_NATS_REFUSED' : 'HS_NATS_UNREACHABLE', failure.message);
  }

  async watch(handler: (template: unknown) => void, signal: AbortSignal): Promise<void> {
    const { link, log, inboxPrefix } = this.#parts;
    const options = { stream: streams.templates, inboxPrefix, limits: readLimits };
    let position: Position | null = null;
    await everySession(link, signal, log, 'reading flow templates', async (connection) => {
      const { created: streamId } = await ensureStream(
        await manager(connection),
        templateStream(this.#own, this.#peer),
      );
      const start = { sequence: position?.streamId === streamId ? position.sequence + 1 : 1 };
      const { puller } = await openReader(connection, start, options);
      await drainPuller(puller, signal, (batch) => {
        for (const { sequence, data } of batch) {
          if (signal.aborted) return;
          handler(jsonOf(data));
          position = { streamId, sequence };
        }
      });
    });
  }

  async close(): Promise<void> {}
}

/** Two tokens of a NATS subject. */
function keyOf({ exporter, version, observationDomain, templateId }: PlainTemplate): string {
  const address = exporter.replaceAll('.', '_').replaceAll(/[^A-Za-z0-9_]/g, '-');
  return `${address}.${version}-${observationDomain}-${templateId}`;
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data)) as unknown;
  } catch {
    return null;
  }
}
