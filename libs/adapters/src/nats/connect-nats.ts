import type { NodeConfig } from '@hotstandby/config';
import type { ServiceName } from '@hotstandby/contracts';
import type { Bus, EventLog, Ingest, Logger } from '@hotstandby/ports';
import { readCredentials } from './credentials.ts';
import { Link } from './link.ts';
import { NatsBus } from './nats-bus.ts';

export interface NatsOptions {
  config: Pick<NodeConfig, 'cluster' | 'node' | 'peer' | 'nats'>;
  /** Whose key and permissions; `cli` is the operator, `subscriber` an outsider who only reads the ops stream. */
  service: ServiceName | 'cli' | 'subscriber';
  log: Logger;
}

export interface NatsParts {
  bus: Bus;
  events: EventLog;
  ingest(): Ingest;
  /** Sends what was published and ends; no timer or socket is left. */
  close(): Promise<void>;
}

/** Resolves at once: the connection is made in the background and again for ever. */
export async function connectNats({ config, service, log }: NatsOptions): Promise<NatsParts> {
  const { url, keysDir, caFile } = config.nats;
  const link = new Link({
    url,
    name: service,
    // Everybody's own: nobody reads another's answers, and answers find their node across the leaf.
    inboxPrefix: `_INBOX.${config.node.name}.${service}`,
    credentials: () => readCredentials(keysDir, service, caFile),
    log,
  });
  const bus = new NatsBus(link, log);
  link.start();
  const later = (): never => {
    throw new Error('lands with the next commit');
  };
  return { bus, events: { append: later, read: later }, ingest: later, close: () => link.close() };
}
