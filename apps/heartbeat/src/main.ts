import { connectNats } from '@hotstandby/adapters/nats';
import { PostgresLeaseStore } from '@hotstandby/adapters/postgres';
import { systemClock, systemIds } from '@hotstandby/adapters/system';
import { runService } from '@hotstandby/platform';
import { Heartbeat } from '@hotstandby/services/heartbeat';

await runService('heartbeat', async ({ service, config, log }) => {
  const nats = await connectNats({ config, service, log });
  const { statementTimeoutMs } = config.timing;
  const store = new PostgresLeaseStore({
    store: config.store,
    cluster: config.cluster,
    statementTimeoutMs,
    bindAddress: config.node.address,
    log,
  });
  return {
    ...nats,
    clock: systemClock,
    ids: systemIds,
    service: (parts) => new Heartbeat({ ...parts, store, timing: config.timing }),
  };
});
