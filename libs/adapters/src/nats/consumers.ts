import type { ConsumerConfig } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { apiCodes, isCode, manager } from './streams.ts';

/** The durable consumer of that name, as it is; made from `config` when there is none. */
export async function ensureConsumer(
  connection: NatsConnection,
  stream: string,
  name: string,
  config: () => Promise<Partial<ConsumerConfig>> | Partial<ConsumerConfig>,
): Promise<void> {
  const jsm = await manager(connection);
  try {
    await jsm.consumers.info(stream, name);
    return;
  } catch (error) {
    if (!isCode(error, apiCodes.consumerNotFound)) throw error;
  }
  try {
    await jsm.consumers.add(stream, { ...(await config()), durable_name: name });
  } catch (error) {
    // A replica made it in the same moment, from a start of its own: what counts is that it is there.
    await jsm.consumers.info(stream, name).catch(() => {
      throw error;
    });
  }
}
