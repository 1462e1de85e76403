import { connectNats } from '@hotstandby/adapters/nats';
import { TlsPeerLink } from '@hotstandby/adapters/peer-link';
import { openLeaseStore } from '@hotstandby/adapters/stores';
import { raisePriority, systemClock, systemIds } from '@hotstandby/adapters/system';
import { runService } from '@hotstandby/platform';
import { Heartbeat } from '@hotstandby/services/heartbeat';

await runService('heartbeat', async ({ service, config, log }) => {
  log.info('priority', { raised: raisePriority() });
  const nats = await connectNats({ config, service, log });
  const { statementTimeoutMs } = config.timing;
  const store = await openLeaseStore({
    store: config.store,
    cluster: config.cluster,
    statementTimeoutMs,
    bindAddress: config.node.address,
    log,
  });
  const link = new TlsPeerLink({
    kind: config.node.kind,
    own: config.node,
    peer: { ...config.peer, port: config.link.port },
    keysDir: config.link.keysDir ?? config.nats.keysDir,
    deadMs: Math.max(1000, 3 * config.timing.leaseTtlMs),
    log,
  });
  return {
    ...nats,
    clock: systemClock,
    ids: systemIds,
    service: (parts) => new Heartbeat({ ...parts, store, link, timing: config.timing }),
  };
});
