import type { Binder, BindingStep, HostView } from '@hotstandby/ports';
import { CodedError, subjects, type Emit } from '@hotstandby/contracts';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock, settle } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { NetworkBinding } from './index.ts';

const place = { cluster: 'c', node: 'a' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const count = { add() {}, set() {}, observe() {} };
const metrics = { counter: () => count, gauge: () => count, histogram: () => count };
const vip = '192.0.2.100/32';

/** A host in memory, with the rules of the kernel that matter here. */
class MemoryHost implements Binder {
  readonly steps: string[] = [];
  view: HostView = {
    addresses: [{ interface: 'eth0', cidr: '192.0.2.11/24', owned: false }],
    interfaces: [{ name: 'eth0', up: true, carrier: true }],
  };
  lacking: { code: string; message: string; cure: string } | null = null;
  failRemovals = 0;
  other: string | null = null;
  looks = 0;

  has(cidr = vip): boolean {
    return this.view.addresses.some((one) => one.cidr === cidr);
  }
  async unable() {
    return this.lacking;
  }
  async look(): Promise<HostView> {
    this.looks++;
    return structuredClone(this.view);
  }
  async apply(step: BindingStep): Promise<void> {
    this.steps.push(step.do);
    await Promise.resolve();
    if (step.do === 'announce') return;
    if (step.do === 'remove') {
      if (this.failRemovals-- > 0) throw new CodedError('HS_BINDING_FAILED', 'busy');
      this.view.addresses = this.view.addresses.filter((one) => one.cidr !== step.cidr);
      return;
    }
    if (step.do === 'add' && this.has(step.cidr)) throw new CodedError('HS_BINDING_FOREIGN', 'already there');
    if (!this.has(step.cidr)) this.view.addresses.push({ interface: step.interface, cidr: step.cidr, owned: true });
  }
  announceFault() {
    return null;
  }
  async otherOwner() {
    return this.other;
  }
  async close() {}
}

async function started(prepareHost: (host: MemoryHost) => void = () => {}) {
  const [clock, bus, host] = [new ManualClock(), new LocalBus(), new MemoryHost()];
  prepareHost(host);
  const events: string[] = [];
  const emit: Emit = async (type) => void events.push(type);
  const binding = { mode: 'vip' as const, addresses: ['192.0.2.100/24'], interface: 'auto' };
  const parts = { binder: host, bus, clock, place, log: quiet, metrics, emit, binding, fenceLeadMs: 15 };
  const service = new NetworkBinding(parts);
  await service.start();
  const grant = async (epoch: number | null, forMs = 150) => {
    bus.publish(subjects.grant(place), {
      role: epoch === null ? 'fenced' : 'active',
      nodeId: 'id',
      incarnation: 'i',
      epoch,
      deadlineMs: clock.monotonicMs() + forMs,
      tenure: null,
    });
    for (let turn = 0; turn < 5; turn++) await clock.advance(0);
  };
  const renewFor = async (epoch: number, ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      await grant(epoch);
      await clock.advance(50);
    }
  };
  return { clock, bus, host, events, service, grant, renewFor };
}

it('adds without a look when the gate opens, and tells it once', async () => {
  const { host, grant, events, service } = await started();
  const looks = host.looks;
  await grant(1);
  expect(host.steps).toEqual(['add', 'announce']);
  expect(host.looks).toBe(looks);
  expect(events).toEqual(['binding.bound']);
  expect(service.report()).toMatchObject({ health: 'ok', detail: { bound: ['192.0.2.100'], epoch: 1 } });
});

it('removes leftovers of an earlier run before anything else', async () => {
  const { host } = await started((one) => one.view.addresses.push({ interface: 'eth0', cidr: vip, owned: true }));
  expect(host.steps).toEqual(['remove']);
});

it('lets go before the end of the grant, by its own timer', async () => {
  const { host, grant, clock, events } = await started();
  await grant(1, 150);
  await clock.advance(134);
  expect(host.has()).toBe(true);
  await clock.advance(2);
  await settle();
  expect(host.has()).toBe(false);
  expect(events).toEqual(['binding.bound', 'binding.released']);
});

it('takes the address back when a renewal comes after it let go', async () => {
  const { host, grant, clock } = await started();
  await grant(1, 150);
  await clock.advance(140);
  expect(host.has()).toBe(false);
  await grant(1, 150);
  expect(host.has()).toBe(true);
});

it('adds nothing when the gate shuts while a step before is under way', async () => {
  const { host, bus, clock, grant } = await started();
  const publish = (epoch: number | null) =>
    bus.publish(subjects.grant(place), {
      role: epoch === null ? 'fenced' : 'active',
      nodeId: 'id',
      incarnation: 'i',
      epoch,
      deadlineMs: clock.monotonicMs() + 150,
      tenure: null,
    });
  publish(1);
  publish(null);
  await clock.advance(5);
  expect(host.has()).toBe(false);
  expect(host.steps).not.toContain('add');
  await grant(2);
  expect(host.has()).toBe(true);
});

it('tries a removal that failed again until the address is gone', async () => {
  const { host, grant, clock, events } = await started();
  await grant(1);
  host.failRemovals = 3;
  await grant(null);
  expect(host.has()).toBe(true);
  for (let tenth = 0; tenth < 6; tenth++) await clock.advance(100);
  expect(host.has()).toBe(false);
  expect(events).toEqual(['binding.bound', 'binding.failed', 'binding.released']);
});

it('puts back what somebody removed, without another event', async () => {
  const { host, renewFor, events } = await started();
  await renewFor(1, 200);
  host.view.addresses = host.view.addresses.filter((one) => one.cidr !== vip);
  await renewFor(1, 1500);
  expect(host.has()).toBe(true);
  expect(events).toEqual(['binding.bound']);
});

it('lets go for a planned transition, and comes back when the transition never came', async () => {
  const { host, bus, renewFor } = await started();
  await renewFor(3, 200);
  const request = { phase: 'pre', from: 'active', to: 'standby', epoch: 3, rule: 'R', deadlineMs: 1000 };
  expect(await bus.request(subjects.prepare(place, 'network-binding'), request, 1000)).toEqual({ done: true });
  expect(host.has()).toBe(false);
  await renewFor(3, 5000);
  expect(host.has()).toBe(false);
  await renewFor(3, 7000);
  expect(host.has()).toBe(true);
});

it('is degraded while something is missing, and goes to work when it is there', async () => {
  const lacking = { code: 'HS_BINDING_PERMISSION', message: 'no right', cure: 'give it' };
  const { host, renewFor, events, service } = await started((one) => (one.lacking = lacking));
  await renewFor(1, 3000);
  expect(service.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_BINDING_PERMISSION' } });
  expect(events).toEqual(['binding.failed']);
  host.lacking = null;
  await renewFor(1, 7000);
  expect(service.report().health).toBe('ok');
  expect(host.has()).toBe(true);
});

it('tells of another machine that answers for the address, and does not fight for it', async () => {
  const { host, renewFor, events, service } = await started();
  host.other = '02:00:00:00:00:01';
  await renewFor(1, 5000);
  expect(service.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_BINDING_TAKEN' } });
  expect(events).toEqual(['binding.bound', 'binding.failed']);
  expect(host.has()).toBe(true);
  host.other = null;
  await renewFor(1, 15_000);
  expect(service.report().health).toBe('ok');
});

it('leaves nothing behind when it stops', async () => {
  const { host, grant, service, clock } = await started();
  await grant(1);
  const stopping = service.stop();
  await clock.advance(1000);
  await stopping;
  expect(host.has()).toBe(false);
});
