import { StoreError, type LeaseStore, type PeerLink } from '@hotstandby/ports';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock, settle } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { Heartbeat } from './heartbeat.ts';

const count = { add() {}, set() {}, observe() {} };
const metrics = { counter: () => count, gauge: () => count, histogram: () => count };

/** A heartbeat whose store refuses everything with `error`; what it logged as warnings. */
async function refused(error: Error) {
  const warnings: { message: string; fields: Record<string, unknown> | undefined }[] = [];
  const clock = new ManualClock();
  const log = {
    debug() {},
    info() {},
    warn: (message: string, fields?: Record<string, unknown>) => void warnings.push({ message, fields }),
    error() {},
  };
  const prepare = async () => {
    throw error;
  };
  const store = { prepare, close: async () => {} } as Partial<LeaseStore> as LeaseStore;
  const ask = async () => {
    throw new Error('nobody is connected');
  };
  const link: PeerLink = { open() {}, ask, connected: () => false, close: async () => {} };
  const heartbeat = new Heartbeat({
    bus: new LocalBus(),
    clock,
    ids: { uuid: () => 'id' },
    log,
    metrics,
    emit: async () => {},
    place: { cluster: 'c', node: 'a' },
    store,
    link,
    timing: { beatMs: 40, leaseTtlMs: 150 },
  });
  await heartbeat.start();
  await settle();
  return { heartbeat, clock, warnings };
}

it('tells a store that it must not use with code and cure, at the first, second, fourth, eighth ... time', async () => {
  const { heartbeat, clock, warnings } = await refused(new StoreError('newer-schema', 'the schema is at version 99'));
  expect(warnings).toEqual([
    {
      message: 'The schema in the store was made by a newer program.',
      fields: expect.objectContaining({ code: 'HS_STORE_NEWER', cure: 'Upgrade this node.', consecutive: 1 }),
    },
  ]);
  expect(heartbeat.report()).toMatchObject({ health: 'degraded', summary: expect.stringContaining('HS_STORE_NEWER') });
  for (let beat = 0; beat < 20; beat++) await clock.advance(40);
  expect(warnings.map(({ fields }) => fields?.['consecutive'])).toEqual([1, 2, 4, 8, 16]);
  await heartbeat.stop();
});

it('takes any other failure for a store that is out of reach', async () => {
  const { heartbeat, warnings } = await refused(new Error('socket hang up'));
  expect(warnings[0]?.fields).toMatchObject({ code: 'HS_STORE_UNREACHABLE', error: 'socket hang up' });
  await heartbeat.stop();
});
