import { subjects, type PrepareReply, type PrepareRequest } from '@hotstandby/contracts';
import { collector, flow, line, place, world } from '@hotstandby/testing/collector-world';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { describe, expect, it } from 'vitest';

describe('a planned transition', () => {
  const pre: PrepareRequest = { phase: 'pre', from: 'active', to: 'standby', epoch: 1, rule: 'R', deadlineMs: 5000 };

  async function ask(at: ReturnType<typeof world>, request: PrepareRequest): Promise<PrepareReply | 'nothing yet'> {
    let reply: PrepareReply | 'nothing yet' = 'nothing yet';
    void at.bus.request(subjects.prepare(place, 'collector'), request, 1).then((answer) => {
      reply = answer as PrepareReply;
    });
    await flow(at);
    return reply;
  }

  it('answers when everything received is stored; what comes later waits until the gate shuts', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    await flow(at);
    one.receiver.send(5514, line('before'));
    expect(await ask(at, pre)).toEqual({ done: true });
    expect(one.messages()).toEqual(['before']);
    one.receiver.send(5514, line('during'));
    await flow(at);
    expect(at.ingest.frames()).toHaveLength(1);
    one.revoke();
    await flow(at);
    expect(at.ingest.frames()).toHaveLength(2);
    expect(one.messages()).toEqual(['before']);
    await one.service.stop();
  });

  it('goes on when it is called off, and when nobody says so', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    await ask(at, pre);
    one.receiver.send(5514, line('1'));
    await ask(at, { ...pre, phase: 'post', to: 'active' });
    expect(one.messages()).toEqual(['1']);
    await ask(at, pre);
    one.receiver.send(5514, line('2'));
    await flow(at);
    expect(one.messages()).toEqual(['1']);
    await at.clock.advance(9000);
    expect(one.messages()).toEqual(['1', '2']);
    await one.service.stop();
  });

  it('says that it is not done when the deadline passes with the store away', async () => {
    const at = world();
    const one = collector(at);
    await one.service.start();
    one.grant();
    await flow(at);
    at.store.fault = 'away';
    one.receiver.send(5514, line('1'));
    const answer = at.bus.request(subjects.prepare(place, 'collector'), pre, 1);
    await at.clock.advance(5100);
    expect(await answer).toMatchObject({ done: false });
    at.store.fault = null;
    await at.clock.advance(9000);
    expect(one.messages()).toEqual(['1']);
    await one.service.stop();
  });

  describe('with senders that have connections to the virtual address', () => {
    const binding = { mode: 'vip' as const, addresses: ['192.0.2.100/24', '2001:db8::64/64'], interface: 'auto' };
    const virtual = ['192.0.2.100', '2001:db8::64'];
    async function active() {
      const at = world();
      const one = collector({ ...at, config: { ...at.config, binding } });
      await one.service.start();
      one.grant();
      await flow(at);
      return { at, ...one };
    }

    it('sends them away first, reads meanwhile, and waits no longer than their word can take', async () => {
      const { at, receiver, messages, service } = await active();
      const { promise, resolve } = Promise.withResolvers<void>();
      receiver.gone = promise;
      expect(await ask(at, pre)).toBe('nothing yet');
      expect(receiver.leaving?.addresses).toEqual(virtual);
      receiver.send(5514, line('on its way'));
      resolve();
      await flow(at);
      expect(messages()).toEqual(['on its way']);

      await ask(at, { ...pre, phase: 'post', to: 'active' });
      receiver.gone = new Promise(() => {});
      const asked = at.bus.request(subjects.prepare(place, 'collector'), pre, 1);
      await at.clock.advance(250);
      await flow(at);
      expect(await asked).toEqual({ done: true });
      receiver.gone = Promise.resolve();
      await service.stop();
    });

    it('has them stay when it is called off, and not before it is active again when it is not', async () => {
      const { at, receiver, service, revoke, grant } = await active();
      await ask(at, pre);
      await ask(at, { ...pre, phase: 'post', to: 'active' });
      expect(receiver.leaving).toBeNull();
      await ask(at, pre);
      revoke();
      await flow(at);
      expect(receiver.leaving?.addresses).toEqual(virtual);
      grant({ epoch: 2 });
      expect(receiver.leaving).toBeNull();
      await service.stop();
    });

    it('sends everybody away when it is stopped', async () => {
      const { at, receiver, service } = await active();
      receiver.gone = new Promise(() => {});
      const stopped = service.stop();
      await at.clock.advance(100);
      expect(receiver.leaving?.addresses).toBeNull();
      await at.clock.advance(200);
      await stopped;
      expect(receiver.ports()).toEqual([]);
    });
  });

  it('registers again before its registration ends, and soon after an arbiter came', async () => {
    const at = world();
    const bus = new LocalBus();
    const one = collector({ ...at, bus });
    await one.service.start();
    await at.clock.advance(3000);
    const registrations: unknown[] = [];
    bus.respond(subjects.registerListener(place), (payload) => {
      registrations.push(payload);
      return { registered: true, incarnation: 'i1' };
    });
    await at.clock.advance(1500);
    expect(registrations).toHaveLength(1);
    expect(registrations[0]).toMatchObject({ name: 'collector', deadlineMs: 5000 });
    await at.clock.advance(21_000);
    expect(registrations).toHaveLength(3);
    await one.service.stop();
  });
});
