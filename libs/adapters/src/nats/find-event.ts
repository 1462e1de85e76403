import { streams } from '@hotstandby/contracts';
import type { StreamState } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { openReader } from './follow.ts';

const limits = { maxMessages: 1000, maxBytes: 4 * 1024 * 1024 };
// Who resumes was seldom away for long.
const nearEnd = 2000;

/**
 * The sequence of an event in this node's stream, or null. Sequences differ from node to node and the server keeps no
 * index of message ids, so the headers are read: first the newest, then all.
 */
export async function findSequence(
  connection: NatsConnection,
  state: Pick<StreamState, 'first_seq' | 'last_seq'>,
  id: string,
  inboxPrefix: string,
): Promise<number | null> {
  const near = Math.max(state.first_seq, state.last_seq - nearEnd);
  const found = await scan(connection, near, id, inboxPrefix);
  return found ?? (near > state.first_seq ? scan(connection, state.first_seq, id, inboxPrefix) : null);
}

async function scan(connection: NatsConnection, from: number, id: string, inboxPrefix: string): Promise<number | null> {
  const options = { stream: streams.ops, inboxPrefix, headersOnly: true, limits };
  const { puller, pending } = await openReader(connection, { sequence: from }, options);
  try {
    for (let seen = 0; seen < pending;) {
      const batch = await puller.next();
      if (!batch) throw new Error('the connection went away while an event was looked for');
      const hit = batch.find((pulled) => pulled.id === id);
      if (hit) return hit.sequence;
      seen += batch.length;
    }
    return null;
  } finally {
    void puller.close();
  }
}
