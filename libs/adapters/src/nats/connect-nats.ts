import type { NodeConfig } from '@hotstandby/config';
import { inboxPrefix, type NatsUser, type Place } from '@hotstandby/contracts';
import type { Bus, EventLog, Ingest, IngestCopy, Logger, TelemetrySink, TemplateStore } from '@hotstandby/ports';
import { readCredentials } from './credentials.ts';
import { everySession } from './follow.ts';
import { Link } from './link.ts';
import { NatsBus } from './nats-bus.ts';
import { NatsEventLog } from './nats-event-log.ts';
import { NatsIngest, NatsIngestCopy } from './nats-ingest.ts';
import { NatsTemplateStore } from './nats-template-store.ts';
import { NatsRecordSink, type RecordSinkOptions } from './record-sink.ts';
import { ensureStream, manager, opsStream } from './streams.ts';

// At the end: what was told last should be kept, but nobody waits long for a server that hangs.
const lastAppendsMs = 1000;

export interface NatsOptions {
  config: Pick<NodeConfig, 'cluster' | 'node' | 'peer' | 'nats'>;
  /** Whose key and permissions; `cli` is the operator, `subscriber` an outsider who only reads the ops stream. */
  service: NatsUser;
  log: Logger;
}

export interface NatsParts {
  bus: Bus;
  events: EventLog;
  ingest(): Ingest;
  ingestCopy(): IngestCopy;
  templates(): TemplateStore;
  recordSink(options: RecordSinkOptions): TelemetrySink;
  /** Sends what was published and ends; no timer or socket is left. */
  close(): Promise<void>;
}

/** Resolves at once: the connection is made in the background and again for ever. */
export async function connectNats({ config, service, log }: NatsOptions): Promise<NatsParts> {
  const { url, keysDir, caFile } = config.nats;
  const place = { cluster: config.cluster, node: config.node.name };
  const inbox = inboxPrefix(place.node, service);
  const link = new Link({
    url,
    name: service,
    inboxPrefix: inbox,
    credentials: () => readCredentials(keysDir, service, caFile),
    log,
  });
  const bus = new NatsBus(link, log);
  const appends = service !== 'cli' && service !== 'subscriber';
  const events = new NatsEventLog({ link, log, place, service: appends ? service : null, inboxPrefix: inbox });
  const ending = new AbortController();
  if (service === 'arbiter') void keepOpsStream(link, log, place, config.peer.name, ending.signal);
  link.start();
  const parts = { link, log, inboxPrefix: inbox, ending: ending.signal };
  return {
    bus,
    events,
    ingest: () => new NatsIngest(place, parts),
    recordSink: (options) => new NatsRecordSink(place, link, options),
    ingestCopy: () => new NatsIngestCopy({ ...place, node: config.peer.name }, parts),
    templates: () => new NatsTemplateStore(place, { ...place, node: config.peer.name }, parts),
    async close() {
      ending.abort();
      await events.close(lastAppendsMs);
      await link.close();
    },
  };
}

/** The arbiter's user alone may make the ops stream; who appends before that waits and tries again. */
async function keepOpsStream(link: Link, log: Logger, own: Place, peer: string, signal: AbortSignal): Promise<void> {
  await everySession(link, signal, log, 'making the ops stream', async (connection) => {
    await ensureStream(await manager(connection), opsStream(own, { ...own, node: peer }));
    await connection.closed();
  });
}
