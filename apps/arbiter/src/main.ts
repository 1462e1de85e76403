import { connectNats } from '@hotstandby/adapters/nats';
import { openNodeMemory } from '@hotstandby/adapters/node-memory';
import { openHistory } from '@hotstandby/adapters/stores';
import { raisePriority, systemClock, systemIds } from '@hotstandby/adapters/system';
import { makeWorkloadCheck } from '@hotstandby/adapters/workload-checks';
import { version } from '@hotstandby/contracts';
import { runService } from '@hotstandby/platform';
import { Arbiter, policyOf } from '@hotstandby/services/arbiter';
import { WorkloadWatch } from '@hotstandby/services/workload-watch';

await runService('arbiter', async ({ service, config, place, log }) => {
  // Before anything else: whoever holds the data directory is the only incarnation of this node.
  const memory = openNodeMemory(config.node.dataDir);
  log.info('priority', { raised: raisePriority() });
  const nats = await connectNats({ config, service, log });
  const history = await openHistory({ store: config.store, cluster: config.cluster, log });
  const { kind, address: hostAddress } = config.node;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    ...nats,
    clock: systemClock,
    ids: systemIds,
    service(parts) {
      const arbiter = new Arbiter({
        ...parts,
        memory,
        history,
        kind,
        peer: { cluster: place.cluster, node: config.peer.name },
        profile: config.profile,
        policy: policyOf(config),
        timing: config.timing,
        facts: { hostAddress, consolePort: config.http.console, natsPort: config.nats.port, version, timeZone },
      });
      const checks = config.workload.checks.map((check) => ({ ...check, check: makeWorkloadCheck(check) }));
      const watch = new WorkloadWatch({ ...parts, pid: process.pid, checks });
      return {
        async start() {
          await arbiter.start();
          watch.start();
        },
        async stop() {
          watch.stop();
          await arbiter.stop();
        },
        report: () => arbiter.report(),
      };
    },
    async close() {
      await nats.close();
      await history.close();
    },
  };
});
