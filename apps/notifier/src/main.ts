import { connectNats } from '@hotstandby/adapters/nats';
import { PostgresOutbox } from '@hotstandby/adapters/postgres';
import { SmtpMailer } from '@hotstandby/adapters/smtp';
import { systemClock, systemIds } from '@hotstandby/adapters/system';
import { runService } from '@hotstandby/platform';
import { Notifier, SilentNotifier } from '@hotstandby/services/notifier';

await runService('notifier', async ({ service, config, log }) => {
  const nats = await connectNats({ config, service, log });
  const { notifier, store, cluster } = config;
  const outbox = new PostgresOutbox({
    store,
    cluster,
    log,
    bindAddress: config.node.address,
    applicationName: service,
  });
  return {
    ...nats,
    clock: systemClock,
    ids: systemIds,
    service: (parts) => {
      if (!notifier.enabled) return new SilentNotifier();
      const mailer = new SmtpMailer({ smtp: notifier.smtp, cluster });
      return new Notifier({ ...parts, outbox, mailer, notifier });
    },
    async close() {
      await outbox.close();
      await nats.close();
    },
  };
});
