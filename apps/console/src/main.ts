import { connectNats } from '@hotstandby/adapters/nats';
import { openHistory, openRecordReader } from '@hotstandby/adapters/stores';
import { systemClock, systemIds } from '@hotstandby/adapters/system';
import { runService } from '@hotstandby/platform';
import { ConsoleService } from '@hotstandby/services/console';
import { ActiveController } from './active.controller.ts';
import { ApiController } from './api.controller.ts';
import { EventsController } from './events.controller.ts';
import { LeadController } from './lead.controller.ts';
import { StaleInterceptor } from './stale.interceptor.ts';
import { CONSOLE } from './tokens.ts';

await runService('console', async ({ config, service, log }) => {
  const nats = await connectNats({ config, service, log });
  const store = {
    store: config.store,
    cluster: config.cluster,
    // People wait for these answers.
    statementTimeoutMs: 2500,
    bindAddress: config.node.address,
    log,
  };
  const history = await openHistory(store);
  const records = await openRecordReader(store);
  let consoleService: ConsoleService;
  return {
    clock: systemClock,
    ids: systemIds,
    bus: nats.bus,
    events: nats.events,
    service: (parts) => (consoleService = new ConsoleService({ ...parts, history, records })),
    controllers: [ActiveController, LeadController, ApiController, EventsController],
    providers: [{ provide: CONSOLE, useFactory: () => consoleService }, StaleInterceptor],
    async close() {
      await nats.close();
      await Promise.all([history.close(), records.close()]);
    },
  };
});
