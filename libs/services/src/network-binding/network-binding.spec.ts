import type { AddressGate, Binder, BindingStep, GateAnswer, HostView } from '@hotstandby/ports';
import { CodedError, subjects, type Emit } from '@hotstandby/contracts';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock, settle } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { NetworkBinding } from './index.ts';

const place = { cluster: 'c', node: 'a' };
const peer = { cluster: 'c', node: 'b' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const count = { add() {}, set() {}, observe() {} };
const counted: Record<string, number> = {};
const counter = (name: string) => ({ add: () => void (counted[name] = (counted[name] ?? 0) + 1) });
const metrics = { counter, gauge: () => count, histogram: () => count };
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

/** A kernel that holds the grant, by the test's clock. */
class MemoryGate implements AddressGate {
  means = () => ({ name: 'netlink', note: null });
  readonly said: string[] = [];
  lacking: { code: string; message: string; cure: string } | null = null;
  rules = false;
  /** How long the kernel takes for the rules. */
  establishing: Promise<void> = Promise.resolve();
  answersUntilMs = -Infinity;
  acceptsUntilMs = -Infinity;
  readonly #clock: ManualClock;
  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  answers(): boolean {
    return !this.rules || this.#clock.monotonicMs() < this.answersUntilMs;
  }
  accepts(): boolean {
    return !this.rules || this.#clock.monotonicMs() < this.acceptsUntilMs;
  }
  async unable() {
    return this.lacking;
  }
  async establish(_addresses: string[], openUntilMs: number | null = null) {
    await this.establishing;
    this.rules = true;
    this.answersUntilMs = this.acceptsUntilMs = openUntilMs ?? -Infinity;
  }
  async open(untilMs: number): Promise<GateAnswer> {
    this.said.push('open');
    if (!this.rules) return 'refused';
    this.answersUntilMs = this.acceptsUntilMs = untilMs;
    return 'done';
  }
  async renew(untilMs: number): Promise<GateAnswer> {
    this.said.push('renew');
    if (!this.rules || !this.answers()) return 'refused';
    this.answersUntilMs = this.acceptsUntilMs = untilMs;
    return 'done';
  }
  async hush(untilMs: number): Promise<GateAnswer> {
    this.said.push('hush');
    if (!this.rules || !this.answers()) return 'refused';
    this.answersUntilMs = -Infinity;
    this.acceptsUntilMs = untilMs;
    return 'done';
  }
  async shut() {
    this.answersUntilMs = this.acceptsUntilMs = -Infinity;
  }
  async intact() {
    return this.rules;
  }
  async close() {
    this.rules = false;
  }
}

async function started(prepare: (host: MemoryHost, gate: MemoryGate) => void = () => {}) {
  const [clock, bus, host] = [new ManualClock(), new LocalBus(), new MemoryHost()];
  const gate = new MemoryGate(clock);
  prepare(host, gate);
  const events: string[] = [];
  const emit: Emit = async (type) => void events.push(type);
  const binding = { mode: 'vip' as const, addresses: ['192.0.2.100/24'], interface: 'auto' };
  const parts = { binder: host, gate, bus, clock, place, peer, log: quiet, metrics, emit, binding, fenceLeadMs: 15 };
  bus.respond(subjects.registerListener(place), () => ({ registered: true, incarnation: 'i' }));
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
  return { clock, bus, host, gate, events, service, grant, renewFor };
}

it('adds without a look when the gate opens, and tells it once', async () => {
  const { host, grant, events, service } = await started((one) =>
    one.view.addresses.push({ interface: 'eth0', cidr: vip, owned: true }),
  );
  const looks = host.looks;
  await grant(1);
  expect(host.steps).toEqual(['remove', 'add', 'announce']);
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
  const { host, gate, bus, renewFor } = await started();
  await renewFor(3, 200);
  const request = { phase: 'pre', from: 'active', to: 'standby', epoch: 3, rule: 'R', deadlineMs: 1000 };
  expect(await bus.request(subjects.prepare(place, 'network-binding'), request, 1000)).toEqual({ done: true });
  // Silent at once; what is on its way is still taken.
  expect({ there: host.has(), answers: gate.answers(), accepts: gate.accepts() }).toEqual({
    there: true,
    answers: false,
    accepts: true,
  });
  await renewFor(3, 1100);
  expect(host.has()).toBe(false);
  await renewFor(3, 5000);
  expect(host.has()).toBe(false);
  await renewFor(3, 7000);
  expect(host.has()).toBe(true);
});

it('says that it failed while something is missing, and goes to work when it is there', async () => {
  const lacking = { code: 'HS_BINDING_PERMISSION', message: 'no right', cure: 'give it' };
  const { host, renewFor, events, service } = await started((one) => (one.lacking = lacking));
  await renewFor(1, 3000);
  expect(service.report()).toMatchObject({ health: 'failed', detail: { code: 'HS_BINDING_PERMISSION' } });
  expect(events).toEqual(['binding.failed']);
  host.lacking = null;
  await renewFor(1, 7000);
  expect(service.report().health).toBe('ok');
  expect(host.has()).toBe(true);
});

it('tells of another machine that begins to answer for the address, and does not fight for it', async () => {
  const { host, renewFor, events, service } = await started();
  await renewFor(1, 100);
  host.other = '02:00:00:00:00:01';
  await renewFor(1, 5000);
  expect(service.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_BINDING_TAKEN' } });
  expect(events).toEqual(['binding.bound', 'binding.failed']);
  expect(host.has()).toBe(true);
  const announced = host.steps.length;
  host.other = null;
  await renewFor(1, 6000);
  expect(service.report().health).toBe('ok');
  // Neighbours that followed the stranger come back.
  expect(host.steps.slice(announced)).toContain('announce');
});

it('does not take an address that a stranger has, holds the role, and takes it when it is free', async () => {
  const { host, renewFor, events, service } = await started((one) => (one.other = '02:00:00:00:00:01'));
  await renewFor(1, 2000);
  expect(host.has()).toBe(false);
  expect(service.report()).toMatchObject({ health: 'failed', detail: { code: 'HS_BINDING_TAKEN' } });
  expect(service.report().summary).toContain('02:00:00:00:00:01');
  host.other = null;
  await renewFor(1, 6000);
  expect(host.has()).toBe(true);
  expect(events).toEqual(['binding.failed', 'binding.bound']);
});

it('asks for no stranger before it takes what the peer had', async () => {
  const { host, bus, grant } = await started((one) => (one.other = '02:00:00:00:00:01'));
  const status = {
    service: 'network-binding',
    instance: 'i',
    saidAtMs: 0,
    pid: 1,
    health: 'ok',
    summary: '',
    httpPort: null,
  };
  bus.publish(subjects.status(peer, 'network-binding'), { ...status, detail: { bound: ['192.0.2.100'] } });
  await grant(1);
  expect(host.steps).toEqual(['add', 'announce']);
});

it('lays the address ready, silently, when the peer hands over, and opens it with the grant', async () => {
  const { host, gate, bus, clock, grant, events } = await started();
  const cue = async () => {
    bus.publish(subjects.handingOver(peer), { epoch: 1 });
    await clock.advance(1);
  };
  await cue();
  expect({ there: host.has(), answers: gate.answers() }).toEqual({ there: true, answers: false });
  expect(host.steps).toEqual(['add']);
  await clock.advance(2000);
  expect(host.has()).toBe(false);

  await cue();
  await grant(2);
  expect(host.steps).toEqual(['add', 'remove', 'add', 'announce']);
  expect(gate.answers()).toBe(true);
  expect(events).toEqual(['binding.bound']);
});

it('changes its addresses while it holds them: the new one is announced before the old one goes', async () => {
  const { host, gate, service, renewFor, events } = await started();
  await renewFor(1, 100);
  await service.reconfigure({ mode: 'vip', addresses: ['192.0.2.101/24'], interface: 'auto' });
  const first = host.steps.indexOf('add');
  expect(host.steps.slice(host.steps.indexOf('add', first + 1))).toEqual(['add', 'announce', 'remove']);
  expect(gate.answers()).toBe(true);
  await renewFor(1, 200);
  expect(host.has('192.0.2.101/32')).toBe(true);
  expect(host.has()).toBe(false);
  expect(service.report()).toMatchObject({ health: 'ok', detail: { bound: ['192.0.2.101'] } });
  expect(events).toEqual(['binding.bound', 'binding.bound']);
});

it('has failed in either role when its interface has no link', async () => {
  const { host, clock, service, renewFor, events } = await started();
  const link = (carrier: boolean) => (host.view.interfaces = [{ name: 'eth0', up: true, carrier }]);
  link(false);
  await clock.advance(1000);
  expect(service.report()).toMatchObject({ health: 'failed', detail: { code: 'HS_BINDING_LINK' } });
  link(true);
  await clock.advance(1000);
  expect(service.report().health).toBe('ok');
  await renewFor(1, 200);
  link(false);
  await renewFor(1, 1000);
  expect(service.report().health).toBe('failed');
  host.view.interfaces = [];
  await renewFor(1, 1000);
  expect(service.report()).toMatchObject({ health: 'failed', detail: { code: 'HS_BINDING_INTERFACE' } });
  expect(events.filter((event) => event === 'binding.failed')).toHaveLength(3);
});

it('leaves nothing behind when it stops', async () => {
  const { host, grant, service, clock } = await started();
  await grant(1);
  const stopping = service.stop();
  await clock.advance(1000);
  await stopping;
  expect(host.has()).toBe(false);
});

it("opens the kernel's gate with the address and renews it with the grant, never beyond it", async () => {
  const { gate, clock, grant } = await started();
  expect(gate.answers()).toBe(false);
  await grant(1, 150);
  const deadlineMs = clock.monotonicMs() + 150;
  expect(gate.said).toEqual(['open']);
  expect(gate.answersUntilMs).toBe(deadlineMs - 15);
  await clock.advance(40);
  await grant(1, 150);
  expect(gate.said).toEqual(['open', 'renew']);
  expect(gate.answersUntilMs).toBe(deadlineMs - 15 + 40);
});

it('opens anew when the kernel let the grant lapse before its renewal arrived', async () => {
  const before = counted['hotstandby_binding_grant_lapses_total'] ?? 0;
  const { gate, clock, grant, events } = await started();
  await grant(1, 150);
  gate.answersUntilMs = -Infinity;
  await clock.advance(10);
  await grant(1, 150);
  expect(gate.said).toEqual(['open', 'renew', 'open']);
  expect(gate.answers()).toBe(true);
  expect(events).toEqual(['binding.bound']);
  expect(counted['hotstandby_binding_grant_lapses_total']).toBe(before + 1);
});

it('takes the address off when somebody removes the rules, says so, and comes back behind new ones', async () => {
  const { gate, clock, host, grant, events } = await started();
  await grant(1, 150);
  gate.rules = false;
  await clock.advance(10);
  await grant(1, 150);
  await clock.advance(10);
  expect(host.steps).toEqual(['add', 'announce', 'remove', 'add', 'announce']);
  expect(gate.rules && gate.answers()).toBe(true);
  expect(events).toEqual(['binding.bound', 'binding.failed', 'binding.released', 'binding.bound']);
});

it('adds no address before the kernel holds the grant again, however long the new rules take', async () => {
  const { gate, clock, host, grant } = await started();
  await grant(1, 2000);
  gate.rules = false;
  let finish: () => void = () => {};
  gate.establishing = new Promise((resolve) => (finish = resolve));
  await clock.advance(10);
  await grant(1, 2000);
  await clock.advance(1200);
  expect(host.steps).toEqual(['add', 'announce', 'remove']);
  finish();
  await grant(1, 2000);
  expect(host.steps).toEqual(['add', 'announce', 'remove', 'add', 'announce']);
  expect(gate.answers()).toBe(true);
});

it('notices within a second that the rules are gone, although nothing is renewed', async () => {
  const { gate, clock } = await started();
  gate.rules = false;
  await clock.advance(1000);
  expect(gate.rules).toBe(true);
});

it('goes on without a kernel that holds the grant, and says that it promises less', async () => {
  const lacking = { code: 'HS_BINDING_GATE', message: 'no nft', cure: 'install it' };
  const { gate, host, grant, service, events } = await started((_, one) => (one.lacking = lacking));
  await grant(1);
  expect(host.has()).toBe(true);
  expect(service.report()).toMatchObject({
    health: 'degraded',
    detail: { code: 'HS_BINDING_GATE', kernelGrant: 'none', kernelGrantBy: 'netlink' },
  });
  expect(events).toEqual(['binding.failed', 'binding.bound']);
  gate.lacking = null;
});
