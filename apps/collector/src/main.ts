import { connectNats } from '@hotstandby/adapters/nats';
import { RedisTemplateStore } from '@hotstandby/adapters/redis';
import { openLedgerReader, openRecordStore } from '@hotstandby/adapters/stores';
import { systemClock, systemIds } from '@hotstandby/adapters/system';
import { filterSocket, openReceiver } from '@hotstandby/adapters/udp';
import { StreamReceiver } from '@hotstandby/adapters/syslog-stream';
import { openUsm } from '@hotstandby/adapters/usm';
import { runService } from '@hotstandby/platform';
import { Collector } from '@hotstandby/services/collector';
import { openSinks } from './open-sinks.ts';

await runService('collector', async ({ service, config, place, log }) => {
  const snmpSecurity = await openUsm(config.collector.snmpUsers, log);
  const { templates } = config.collector;
  const storeOptions = {
    store: config.store,
    cluster: place.cluster,
    bindAddress: config.node.address,
    applicationName: `hotstandby collector ${place.node}`,
    log,
  };
  const store = await openRecordStore(storeOptions);
  const ledger = await openLedgerReader(storeOptions);
  const nats = await connectNats({ config, service, log });
  return {
    ...nats,
    clock: systemClock,
    ids: systemIds,
    service: (parts) =>
      new Collector({
        ...parts,
        receiver: openReceiver({ config: config.collector, clock: systemClock, log }),
        streams: new StreamReceiver({ config: config.collector, clock: systemClock, log, filterSocket }),
        ingest: nats.ingest(),
        snmpSecurity,
        templates:
          templates.store === 'redis'
            ? new RedisTemplateStore({ ...templates, cluster: place.cluster, log })
            : nats.templates(),
        sinks: openSinks(config, nats, log),
        copy: nats.ingestCopy(),
        store,
        ledger,
      }),
  };
});
