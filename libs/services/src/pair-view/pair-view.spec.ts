import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock, settle } from '@hotstandby/testing/manual-clock';
import { StoreError, type RecordReader } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { PairView } from './pair-view.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const config = {
  cluster: 'c',
  node: { name: 'a', kind: 'primary', address: '10.0.0.1', dataDir: '/d' },
  peer: { name: 'b', address: '10.0.0.2' },
  http: { console: 8080 },
} as ConstructorParameters<typeof PairView>[0]['config'];

function viewed(records: Partial<RecordReader>) {
  const clock = new ManualClock();
  const bus = new LocalBus();
  const asked = { counts: 0 };
  const counts = records.counts ?? (async () => ({ syslog: 1, trap: 2, flow: 3 }));
  const reader = { last: async () => [], counts: () => (asked.counts++, counts()) };
  const view = new PairView({ bus, clock, config, log: quiet, records: reader });
  view.start();
  const status = (node: string, service: string, instance = 'i1') =>
    bus.publish(`hs.c.${node}.${service}.status`, {
      service,
      instance,
      saidAtMs: 0,
      pid: 1,
      health: 'ok',
      summary: 'works',
      httpPort: 1,
      detail: {},
    });
  return { view, clock, bus, status, asked };
}

it('tells what it could not ask, with code and cure, and never rejects', async () => {
  const { view, bus } = viewed({ counts: () => Promise.reject(new StoreError('refused', 'no such user')) });
  bus.setConnected(false);
  const look = await view.look();
  expect(look).toMatchObject({
    cluster: 'c',
    active: null,
    epoch: null,
    redundancy: 'unknown',
    bus: { connected: false },
    store: { reachable: false, records: null, fault: { code: 'HS_STORE_REFUSED', message: 'no such user' } },
  });
  expect(look.nodes.map(({ name, asked, fault }) => [name, asked, fault?.code])).toEqual([
    ['a', true, 'HS_NATS_UNREACHABLE'],
    ['b', false, 'HS_NATS_UNREACHABLE'],
  ]);
});

it('answers although the store hangs, and does not ask it again before it has answered', async () => {
  const { view, clock, asked } = viewed({ counts: () => new Promise(() => {}) });
  const first = view.look();
  await clock.advance(1500);
  expect((await first).store.fault?.code).toBe('HS_STORE_UNREACHABLE');
  const second = view.look();
  await clock.advance(1500);
  expect((await second).store.reachable).toBe(false);
  expect(asked.counts).toBe(1);
});

it('collects the services of both nodes and drops a silent instance when another of its service speaks', async () => {
  const { view, clock, status } = viewed({});
  status('a', 'collector', 'old');
  status('a', 'arbiter');
  status('b', 'notifier');
  await clock.advance(4000);
  status('a', 'collector', 'new');
  const [own, peer] = await view.nodes();
  expect(own.services.map(({ service, instance, ageMs }) => [service, instance, ageMs])).toEqual([
    ['arbiter', 'i1', 4000],
    ['collector', 'new', 0],
  ]);
  expect(peer.services.map(({ service }) => service)).toEqual(['notifier']);
  await clock.advance(61_000);
  expect((await view.nodes())[0].services).toEqual([]);
});

it('passes over a status that is none', async () => {
  const { view, bus } = viewed({});
  bus.publish('hs.c.a.collector.status', { service: 1 });
  await settle();
  expect((await view.nodes())[0].services).toEqual([]);
});
