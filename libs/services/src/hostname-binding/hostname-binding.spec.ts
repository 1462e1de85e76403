import { CodedError, subjects, type Emit, type ErrorCode } from '@hotstandby/contracts';
import { markerText } from '@hotstandby/core/hostname-plan';
import type { NameChange, NameServers, NameView } from '@hotstandby/ports';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { describe, expect, it } from 'vitest';
import { FormerNames, HostnameBinding, type HostnameBindingParts } from './index.ts';

const place = { cluster: 'c', node: 'a' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const count = { add() {}, set() {}, observe() {} };
const metrics = { counter: () => count, gauge: () => count, histogram: () => count };
const mark = (epoch: number, node = 'b') => markerText({ epoch, node, cluster: 'c' });

/** Servers in memory; the second one copies the first when it is told to. */
class MemoryServers implements NameServers {
  readonly servers = ['primary', 'second'];
  primary: NameView = { markers: [mark(1)], addresses: [{ address: '192.0.2.12', ttlSeconds: 30 }] };
  second: NameView = this.primary;
  lacking: { code: string; message: string; cure: string } | null = null;
  lookFault: ErrorCode | null = null;
  /** Thrown after the change was made. */
  answerFault: ErrorCode | null = null;
  rehearsalFault: ErrorCode | null = null;
  rehearsals = 0;
  whenRehearsed: () => Promise<void> = async () => {};
  updates = 0;
  looks = 0;
  whenLooked: () => void | Promise<void> = () => {};

  async unable() {
    return this.lacking;
  }
  async look(server: string): Promise<NameView> {
    if (this.lookFault) throw new CodedError(this.lookFault, 'not now');
    if (server === 'second') return structuredClone(this.second);
    this.looks++;
    const view = structuredClone(this.primary);
    await this.whenLooked();
    return view;
  }
  async update(change: NameChange): Promise<void> {
    this.updates++;
    if (JSON.stringify(change.onlyIfMarkers) !== JSON.stringify(this.primary.markers))
      throw new CodedError('HS_DNS_CHANGED', 'another marker');
    const addresses = change.addresses.map((address) => ({ address, ttlSeconds: change.ttlSeconds }));
    this.primary = { markers: [change.marker], addresses };
    if (this.answerFault) throw new CodedError(this.answerFault, 'no answer');
  }
  async rehearse(): Promise<void> {
    this.rehearsals++;
    await this.whenRehearsed();
    if (this.rehearsalFault) throw new CodedError(this.rehearsalFault, 'not allowed');
  }
  closed = false;
  async close() {
    this.closed = true;
  }
}

async function started(more: Partial<HostnameBindingParts> = {}) {
  const names = new MemoryServers();
  const clock = new ManualClock();
  const bus = new LocalBus();
  const events: string[] = [];
  const emit: Emit = async (type, data) => {
    events.push('code' in data ? `${type} ${data.code}` : type);
  };
  const own = { name: 'service.example.test', ttlSeconds: 30, addresses: ['192.0.2.11'], fenceLeadMs: 15 };
  const service = new HostnameBinding({ names, bus, clock, place, log: quiet, metrics, emit, ...own, ...more });
  await service.start();
  await clock.advance(0);
  const grant = async (epoch: number | null, forMs = 100_000) => {
    const deadlineMs = clock.monotonicMs() + forMs;
    const tenure = epoch === null ? null : { epoch, startedAtWallMs: 0 };
    const role = epoch === null ? 'fenced' : 'active';
    bus.publish(subjects.grant(place), { role, nodeId: 'id', incarnation: 'i', epoch, deadlineMs, tenure });
    await clock.advance(0);
  };
  const leadsHere = () => names.primary.addresses.some(({ address }) => address === '192.0.2.11');
  return { names, clock, service, events, grant, leadsHere, own };
}

it('changes nothing before it may, the name at once when it may, and nothing when it loses the role', async () => {
  const { names, service, events, grant, leadsHere } = await started();
  expect(names.updates).toBe(0);
  expect(names.looks).toBe(1);
  await grant(2);
  expect(names.primary).toEqual({ markers: [mark(2, 'a')], addresses: [{ address: '192.0.2.11', ttlSeconds: 30 }] });
  expect(service.report()).toMatchObject({ health: 'ok', detail: { bound: ['service.example.test'], epoch: 2 } });
  await grant(null);
  expect(leadsHere()).toBe(true);
  expect(names.updates).toBe(1);
  expect(service.report()).toMatchObject({ health: 'ok', detail: { bound: [] } });
  expect(events).toEqual(['binding.bound']);
});

it('asks the gate again right before the change', async () => {
  const { names, clock, grant, leadsHere } = await started();
  names.whenLooked = () => clock.advance(140);
  await grant(2, 150);
  expect(names.updates).toBe(0);
  expect(leadsHere()).toBe(false);
});

it('leaves the name to a newer epoch, and says so once', async () => {
  const { names, clock, service, events, grant } = await started();
  names.primary = { ...names.primary, markers: [mark(3)] };
  await grant(2);
  await clock.advance(60_000);
  expect(names.updates).toBe(0);
  expect(events).toEqual(['binding.failed HS_DNS_STALE']);
  expect(service.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_DNS_STALE', bound: [] } });
});

it('is refused when the other was quicker between look and change', async () => {
  const { names, events, grant, leadsHere } = await started();
  names.whenLooked = () => void (names.primary = { ...names.primary, markers: [mark(3)] });
  await grant(2);
  expect(leadsHere()).toBe(false);
  expect(events).toEqual(['binding.failed HS_DNS_STALE']);
});

it('tries again for ever, at a slower and slower pace', async () => {
  const { names, clock, events, grant, leadsHere } = await started();
  names.lookFault = 'HS_DNS_UNREACHABLE';
  await grant(2);
  names.lookFault = null;
  await clock.advance(99);
  expect(leadsHere()).toBe(false);
  await clock.advance(1);
  expect(leadsHere()).toBe(true);
  expect(events).toEqual(['binding.failed HS_DNS_UNREACHABLE', 'binding.bound']);
});

it('recognises a change that was answered with an error', async () => {
  const { names, service, events, grant } = await started();
  names.answerFault = 'HS_DNS_TIMEOUT';
  await grant(2);
  expect(service.report()).toMatchObject({ health: 'ok', detail: { epoch: 2 } });
  expect(events).toEqual(['binding.bound']);
});

it('puts back what somebody changed by hand', async () => {
  const { names, clock, grant, leadsHere } = await started();
  await grant(2);
  names.primary = { ...names.primary, addresses: [] };
  await clock.advance(10_000);
  expect(leadsHere()).toBe(true);
});

it('follows the other servers, and names one that stays behind', async () => {
  const { names, clock, service, events, grant } = await started();
  await grant(2);
  expect(service.report()).toMatchObject({ health: 'ok', detail: { agree: ['primary'] } });
  await clock.advance(6000);
  expect(service.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_DNS_BEHIND', agree: ['primary'] } });
  names.second = names.primary;
  await clock.advance(10_000);
  expect(service.report()).toMatchObject({ health: 'ok', detail: { agree: ['primary', 'second'] } });
  expect(events).toEqual(['binding.bound', 'binding.failed HS_DNS_BEHIND']);
});

it('says on a standby, too, that it could not do it', async () => {
  const { names, clock, service, grant } = await started();
  names.lacking = { code: 'HS_DNS_KEY_FILE', message: 'open to all', cure: 'close it' };
  await clock.advance(10_000);
  expect(service.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_DNS_KEY_FILE' } });
  await grant(2);
  expect(names.updates).toBe(0);
  names.lacking = null;
  await clock.advance(5000);
  expect(names.updates).toBe(1);
  await service.stop();
});

it('rehearses the change while it is a standby, and says what would be in the way', async () => {
  const { names, clock, service, events, grant } = await started();
  await clock.advance(59_000);
  expect(names.rehearsals).toBe(1);
  names.rehearsalFault = 'HS_DNS_REFUSED';
  await clock.advance(1000);
  expect(service.report()).toMatchObject({ health: 'degraded', detail: { code: 'HS_DNS_REFUSED' } });
  names.rehearsalFault = null;
  await clock.advance(10_000);
  expect(service.report().health).toBe('ok');
  expect(events).toEqual(['binding.failed HS_DNS_REFUSED']);
  await grant(2);
  await clock.advance(90_000);
  expect(names.rehearsals).toBe(3);
});

it('does not wait for a rehearsal that hangs when the claim comes', async () => {
  const { names, clock, grant, leadsHere } = await started();
  names.whenRehearsed = () => new Promise(() => {});
  await clock.advance(60_000);
  expect(names.rehearsals).toBe(2);
  await grant(2);
  expect(leadsHere()).toBe(true);
});

it('takes another address for the name while it is active', async () => {
  const { names, clock, service, events, grant, own } = await started();
  await grant(2);
  const next = new MemoryServers();
  next.primary = names.primary;
  service.reconfigure({ ...own, names: next, addresses: ['192.0.2.21'] });
  await clock.advance(0);
  expect(next.primary).toEqual({ markers: [mark(2, 'a')], addresses: [{ address: '192.0.2.21', ttlSeconds: 30 }] });
  expect(names.closed).toBe(true);
  expect(events).toEqual(['binding.bound', 'binding.bound']);
});

it('moves to another name: the old one leads nowhere once the new one leads here', async () => {
  const { names, clock, service, grant, own } = await started();
  await grant(2);
  const next = new MemoryServers();
  next.primary = { markers: [], addresses: [] };
  next.lookFault = 'HS_DNS_TIMEOUT';
  service.reconfigure({ ...own, names: next, name: 'other.example.test' });
  await clock.advance(1000);
  expect(names.primary.addresses).toHaveLength(1);
  next.lookFault = null;
  await clock.advance(10_000);
  expect(next.primary.markers).toEqual([mark(2, 'a')]);
  expect(names.primary).toEqual({ markers: [mark(2, 'a')], addresses: [] });
  expect(names.closed).toBe(true);
  expect(service.report()).toMatchObject({ detail: { bound: ['other.example.test'], leaving: [] } });
});

it('takes the old name from an active that died with it, and leaves it to a newer epoch', async () => {
  const { names, clock, service, grant, own } = await started();
  const next = new MemoryServers();
  service.reconfigure({ ...own, names: next, name: 'other.example.test' });
  await clock.advance(30_000);
  expect(service.report().detail['leaving']).toEqual([own.name]);
  expect(names.updates).toBe(0);
  await grant(2);
  await clock.advance(0);
  expect(names.primary).toEqual({ markers: [mark(2, 'a')], addresses: [] });
  const third = new MemoryServers();
  next.primary = { ...next.primary, markers: [mark(3)] };
  service.reconfigure({ ...own, names: third, name: 'third.example.test' });
  await clock.advance(0);
  expect(third.primary.markers).toEqual([mark(2, 'a')]);
  expect(next.primary.markers).toEqual([mark(3)]);
  expect(service.report().detail['leaving']).toEqual([]);
});

it('clears a name of the time before its start, and remembers it until then', async () => {
  const remembered: string[][] = [];
  const former = new MemoryServers();
  former.primary = { markers: [mark(1, 'a')], addresses: [{ address: '192.0.2.11', ttlSeconds: 30 }] };
  const left = [{ name: 'former.example.test', names: former }];
  const { service, grant, clock, own } = await started({ left, remember: (names) => remembered.push(names) });
  await clock.advance(30_000);
  expect(former.updates).toBe(0);
  expect(remembered).toEqual([[own.name, 'former.example.test']]);
  await grant(2);
  await clock.advance(0);
  expect(former.primary).toEqual({ markers: [mark(2, 'a')], addresses: [] });
  expect(former.closed).toBe(true);
  service.reconfigure({ ...own, names: new MemoryServers(), name: 'next.example.test' });
  await clock.advance(0);
  expect(remembered.slice(1)).toEqual([[own.name], ['next.example.test', own.name], ['next.example.test']]);
});

it('gives a name up whose server never answers again', async () => {
  const { names, clock, service, grant, own } = await started();
  await grant(2, 10_000_000);
  names.lookFault = 'HS_DNS_UNREACHABLE';
  const next = new MemoryServers();
  next.second = { markers: [mark(2, 'a')], addresses: next.primary.addresses };
  service.reconfigure({ ...own, names: next, name: 'other.example.test' });
  await clock.advance(590_000);
  expect(service.report().detail['leaving']).toEqual([own.name]);
  await clock.advance(30_000);
  expect(service.report().detail['leaving']).toEqual([]);
  expect(names.closed).toBe(true);
});

it('takes a name back that is configured anew before its addresses were gone', async () => {
  const { names, clock, service, grant, own } = await started();
  await grant(2);
  names.lookFault = 'HS_DNS_UNREACHABLE';
  service.reconfigure({ ...own, names: new MemoryServers(), name: 'other.example.test' });
  await clock.advance(1000);
  const again = new MemoryServers();
  again.primary = names.primary;
  service.reconfigure({ ...own, names: again, name: own.name.toUpperCase() });
  await clock.advance(1000);
  expect(service.report().detail['leaving']).toEqual([]);
  expect(again.primary.addresses).toEqual([{ address: '192.0.2.11', ttlSeconds: 30 }]);
  expect(names.closed).toBe(true);
});

describe('names of a time with another mode', () => {
  const former = 'former.example.test';

  async function begun(more: { marker?: string; ready?: () => boolean } = {}) {
    const names = new MemoryServers();
    names.primary = {
      markers: [more.marker ?? mark(1, 'a')],
      addresses: [{ address: '192.0.2.11', ttlSeconds: 30 }],
    };
    const clock = new ManualClock();
    const bus = new LocalBus();
    const events: string[] = [];
    const remembered: string[][] = [];
    const former_ = new FormerNames({
      ...{ bus, clock, place, log: quiet, fenceLeadMs: 15, ready: more.ready ?? (() => true) },
      left: [{ name: former, names }],
      remember: (kept) => remembered.push(kept),
      emit: async (type, data) => void events.push('code' in data ? `${type} ${data.code}` : type),
    });
    former_.start();
    const grant = async (epoch: number | null, forMs = 10_000_000) => {
      const deadlineMs = clock.monotonicMs() + forMs;
      const tenure = epoch === null ? null : { epoch, startedAtWallMs: 0 };
      const role = epoch === null ? 'fenced' : 'active';
      bus.publish(subjects.grant(place), { role, nodeId: 'id', incarnation: 'i', epoch, deadlineMs, tenure });
      await clock.advance(0);
    };
    return { names, clock, events, remembered, grant, service: former_ };
  }

  it('are cleared by the active once what it binds instead leads to it', async () => {
    let isReady = false;
    const { names, clock, events, remembered, grant, service } = await begun({ marker: mark(1), ready: () => isReady });
    await clock.advance(30_000);
    await grant(2);
    await clock.advance(5000);
    expect(names.updates).toBe(0);
    isReady = true;
    await clock.advance(1000);
    expect(names.primary).toEqual({ markers: [mark(2, 'a')], addresses: [] });
    expect([names.closed, service.list(), remembered]).toEqual([true, [], [[former], []]]);
    expect(events).toEqual([]);
    await service.stop();
  });

  it('are left to a newer epoch and to another node of the same one', async () => {
    for (const marker of [mark(3), mark(2)]) {
      const { names, grant, service } = await begun({ marker });
      await grant(2);
      expect([names.updates, service.list()]).toEqual([0, []]);
      await service.stop();
    }
  });

  it('are cleared by a standby to which they lead, when the active has had its time and does not know them', async () => {
    const { names, clock, grant, service } = await begun({ marker: mark(4, 'a') });
    await grant(null);
    await clock.advance(59_000);
    expect(names.updates).toBe(0);
    await clock.advance(12_000);
    // The marker is as it was: an active that still has the name is not in the way of its own update.
    expect(names.primary).toEqual({ markers: [mark(4, 'a')], addresses: [] });
    await clock.advance(10_000);
    expect(service.list()).toEqual([]);

    const another = await begun({ marker: mark(4) });
    await another.clock.advance(600_000);
    expect([another.names.updates, another.service.list()]).toEqual([0, [former]]);
    await Promise.all([service.stop(), another.service.stop()]);
  });

  it('say what a person must remove when the key is gone, and go when it is back', async () => {
    const { names, clock, events, grant, service } = await begun();
    names.lacking = { code: 'HS_DNS_KEY_FILE', message: 'no such file', cure: 'make one' };
    await grant(2);
    expect(names.updates).toBe(0);
    await clock.advance(3_600_000);
    expect(events).toEqual(['binding.failed HS_DNS_LEFT']);
    expect(service.fault()).toMatchObject({ code: 'HS_DNS_LEFT' });
    expect(service.fault()?.message).toContain(`${former} still leads to this pair (HS_DNS_KEY_FILE: no such file)`);
    names.lacking = null;
    await clock.advance(10_000);
    expect(names.primary.addresses).toEqual([]);
    expect([service.fault(), service.list()]).toEqual([null, []]);
    await service.stop();
  });

  it('are given up, which is told, when their server does not answer any more', async () => {
    const { names, clock, events, remembered, grant, service } = await begun();
    names.lookFault = 'HS_DNS_UNREACHABLE';
    await grant(2);
    await clock.advance(590_000);
    expect([events, service.list()]).toEqual([[], [former]]);
    await clock.advance(20_000);
    expect([events, service.list()]).toEqual([['binding.failed HS_DNS_LEFT'], []]);
    expect(remembered.at(-1)).toEqual([]);
    await service.stop();
  });
});
