import { parseConfig } from '@hotstandby/config';
import { subjects, type ArbiterDescription, type Grant } from '@hotstandby/contracts';
import { StoreError, type RecordReader } from '@hotstandby/ports';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { ConsoleService } from './console-service.ts';

const place = { cluster: 'c', node: 'a' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const parsed = parseConfig(`
cluster: c
node: { name: a, kind: primary, address: 10.0.0.1, dataDir: data }
peer: { name: b, address: 10.0.0.2 }
store: { url: postgresql://u@h/d }
nats: { url: nats://127.0.0.1:1, keysDir: keys }
`);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
const { config } = parsed;

async function started(records: Partial<RecordReader> = {}) {
  const clock = new ManualClock();
  const bus = new LocalBus();
  const service = new ConsoleService({
    config,
    place,
    log: quiet,
    clock,
    bus,
    emit: async () => {},
    events: {
      append: async () => {},
      read: (_options, _handler, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    },
    history: { append: async () => {}, list: () => new Promise(() => {}) },
    records: { last: async () => [], counts: async () => ({ syslog: 0, trap: 0, flow: 0 }), ...records },
  });
  await service.start();
  const grant = (change: Partial<Grant>) =>
    bus.publish(subjects.grant(place), {
      role: 'active',
      nodeId: 'id-a',
      incarnation: 'i',
      epoch: 4,
      deadlineMs: clock.monotonicMs() + 150,
      tenure: null,
      ...change,
    });
  const peerSays = (change: Partial<ArbiterDescription>) =>
    bus.respond(subjects.describe({ cluster: 'c', node: 'b' }), () => ({
      node: 'b',
      nodeId: 'id-b',
      incarnation: 'i',
      role: 'active',
      reason: '',
      epoch: 5,
      active: null,
      standby: null,
      nodes: [],
      redundancy: 'ready',
      grantRemainingMs: 100,
      store: { reachable: true, lastAnswerMs: 1, message: null },
      timing: { profile: 'fast', beatMs: 40, leaseTtlMs: 150, takeoverWaitMs: 158 },
      listeners: [],
      ...change,
    }));
  return { service, clock, bus, grant, peerSays };
}

it('is active exactly as long as the grant lasts', async () => {
  const { service, clock, grant } = await started();
  expect(service.active()).toMatchObject({ active: false, role: null, activeNode: null });
  grant({});
  expect(service.active()).toMatchObject({ active: true, epoch: 4, activeNode: { name: 'a', address: '10.0.0.1' } });
  await clock.advance(151);
  expect(service.active()).toMatchObject({ active: false, activeNode: null });
  await service.stop();
});

it('names the other node while that one says that it is active, and nobody when nothing was heard for long', async () => {
  const { service, clock, grant, peerSays, bus } = await started();
  const silence = peerSays({});
  grant({ role: 'standby', epoch: null });
  await clock.advance(1100);
  expect(service.active()).toMatchObject({
    active: false,
    role: 'standby',
    activeNode: { name: 'b', address: '10.0.0.2', consolePort: 8080 },
  });
  silence();
  bus.setConnected(false);
  await clock.advance(2000);
  expect(service.active().activeNode).toBeNull();
  expect(service.report().health).toBe('degraded');
  await service.stop();
});

it('answers within a bound when the store hangs, and with the reason when it refuses', async () => {
  const { service, clock } = await started({ last: () => Promise.reject(new StoreError('refused', 'bad password')) });
  const history = service.history(5);
  const expected = expect(history).rejects.toMatchObject({ code: 'HS_STORE_UNREACHABLE' });
  await clock.advance(3100);
  await expected;
  await expect(service.records('traps', 5)).rejects.toMatchObject({
    code: 'HS_STORE_REFUSED',
    message: 'bad password',
  });
  await service.stop();
});

it('asks the store once for many readers of the status', async () => {
  let asked = 0;
  const counts = async () => ({ syslog: ++asked, trap: 0, flow: 0 });
  const { service, clock } = await started({ counts });
  await Promise.all(Array.from({ length: 20 }, () => service.status()));
  expect(asked).toBe(1);
  await clock.advance(300);
  expect((await service.status()).store.records?.syslog).toBe(2);
  await service.stop();
});
