// A process made with runService that does nothing, so that its shell can be tested alone. FAULT says how it goes wrong.
import { systemClock, systemIds } from '@hotstandby/adapters/system';
import { CodedError } from '@hotstandby/contracts';
import { runService } from '@hotstandby/platform';
import { LocalBus } from '@hotstandby/testing/local-bus';

const fault = process.env.FAULT;

await runService('collector', async ({ log }) => ({
  clock: systemClock,
  ids: systemIds,
  bus: new LocalBus(),
  events: { append: async () => {}, read: async () => {} },
  service: () => ({
    async start() {
      if (fault === 'coded') throw new CodedError('HS_STORE_FOREIGN', 'another cluster lives there');
      if (fault === 'temporary') throw new CodedError('HS_DATA_LOCKED', 'somebody else has it');
      if (fault === 'plain') throw new Error('out of the blue');
      if (fault === 'slow-start') {
        log.info('waits');
        await new Promise(() => {});
      }
      if (fault === 'uncaught') setTimeout(() => nobodyCatches(), 50);
      if (fault === 'unhandled') setTimeout(() => void Promise.reject(new Error('nobody handles')), 50);
      if (fault === 'chatty') setInterval(() => log.info('x'.repeat(100_000)), 1);
    },
    async stop() {
      if (fault === 'slow-stop') await new Promise(() => {});
    },
    report: () => ({ health: 'ok', summary: 'idle', detail: {} }),
  }),
  close: async () => {},
}));

function nobodyCatches(): never {
  throw new Error('nobody catches');
}
