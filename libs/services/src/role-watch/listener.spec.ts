import { ManualClock } from '@hotstandby/testing/manual-clock';
import { LocalBus } from '@hotstandby/testing/local-bus';
import { subjects, type Grant, type ListenerRegistered } from '@hotstandby/contracts';
import { expect, it } from 'vitest';
import { Listener, RoleWatch } from './index.ts';

const place = { cluster: 'c', node: 'a' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A service with a gate, and an arbiter that answers registrations as `answer` says; null: not at all. */
async function registering(answer: ListenerRegistered | null) {
  const clock = new ManualClock();
  const bus = new LocalBus();
  const arbiter = { answer, asked: 0 };
  bus.respond(subjects.registerListener(place), () => {
    arbiter.asked += 1;
    if (!arbiter.answer) throw new Error('the arbiter is away');
    return arbiter.answer;
  });
  const told: string[] = [];
  const wanted = { name: 'collector', order: 500, deadlineMs: 1000, ttlMs: 9000 };
  const listener = new Listener({ bus, clock, place }, wanted, async () => ({ done: true }));
  const watch = new RoleWatch(
    { bus, clock, place, log: quiet },
    { opened: (grant) => told.push(`opened ${grant.epoch}`), shut: (reason) => told.push(`shut: ${reason}`) },
    listener,
  );
  watch.start();
  listener.start();
  const grant = async (incarnation: string, epoch: number | null = 1) => {
    bus.publish(subjects.grant(place), {
      role: epoch === null ? 'fenced' : 'active',
      nodeId: 'id-a',
      incarnation,
      epoch,
      deadlineMs: clock.monotonicMs() + 100,
      tenure: null,
    } satisfies Grant);
    await clock.advance(0);
  };
  await clock.advance(0);
  return { clock, arbiter, bus, listener, watch, told, grant };
}

it('opens under the grants of the arbiter that has registered it', async () => {
  const { watch, grant, told } = await registering({ registered: true, incarnation: 'i1' });
  await grant('i1');
  expect(watch.open()?.epoch).toBe(1);
  expect(told).toEqual(['opened 1']);
});

it('stays shut under an arbiter that was restarted until that one has registered it, and asks it at once', async () => {
  const { watch, grant, arbiter, clock, told } = await registering({ registered: true, incarnation: 'i1' });
  arbiter.answer = null;
  await grant('i2');
  expect(arbiter.asked).toBe(2);
  expect(watch.open()).toBeNull();
  arbiter.answer = { registered: true, incarnation: 'i2' };
  await grant('i2');
  expect(told).toEqual([]);
  await clock.advance(260);
  await grant('i2');
  expect(watch.open()?.epoch).toBe(1);
  expect(told).toEqual(['opened 1']);
});

it('opens with the confirmation when the grant was there before', async () => {
  const { grant, arbiter, clock, told, bus } = await registering(null);
  bus.publish(subjects.grant(place), {
    role: 'active',
    nodeId: 'id-a',
    incarnation: 'i1',
    epoch: 4,
    deadlineMs: clock.monotonicMs() + 1000,
    tenure: null,
  } satisfies Grant);
  arbiter.answer = { registered: true, incarnation: 'i1' };
  await clock.advance(300);
  expect(told).toEqual(['opened 4']);
  await grant('i1', null);
  expect(told).toEqual(['opened 4', 'shut: revoked: the node is fenced']);
});

it('is not registered while a hand-over is prepared, and asks again', async () => {
  const { watch, grant, arbiter, clock } = await registering({ registered: false, incarnation: 'i1' });
  await grant('i1');
  expect(watch.open()).toBeNull();
  arbiter.answer = { registered: true, incarnation: 'i1' };
  await clock.advance(260);
  await grant('i1');
  expect(watch.open()?.epoch).toBe(1);
});

it('shuts when its registration ends, counted from the sending, although grants go on', async () => {
  const { watch, grant, arbiter, clock, told, listener } = await registering({ registered: true, incarnation: 'i1' });
  arbiter.answer = null;
  await clock.advance(8950);
  await grant('i1');
  expect(watch.open()?.epoch).toBe(1);
  expect(listener.registered()).toBe(true);
  await clock.advance(60);
  expect(watch.open()).toBeNull();
  expect(listener.registered()).toBe(false);
  await grant('i1');
  expect(told).toEqual(['opened 1', 'shut: the arbiter does not know this service yet']);
});

it('deregisters when it stops, and its gate does not open any more', async () => {
  const { watch, grant, bus, listener } = await registering({ registered: true, incarnation: 'i1' });
  const gone: unknown[] = [];
  bus.respond(subjects.deregisterListener(place), (payload) => void gone.push(payload));
  await listener.stop();
  expect(gone).toEqual([{ name: 'collector' }]);
  await grant('i1');
  expect(watch.open()).toBeNull();
});
