import { parseConfig } from '@hotstandby/config';
import { collector, config, configText, flow, world } from '@hotstandby/testing/collector-world';
import { MemoryIngest } from '@hotstandby/testing/memory-ingest';
import { expect, it } from 'vitest';

/** Flows that are gathered before they are stored go out by then. */
const windowMs = 1000;

function summing(at: ReturnType<typeof world>, own = 'a', peer = 'b'): ReturnType<typeof world> {
  const parsed = parseConfig(configText(own, peer));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return { ...at, config: { ...parsed.config, collector: { ...config.collector, rawFlows: false } } };
}

/** NetFlow version 5 with one flow of so many octets. */
function netflow(octets: number): Uint8Array {
  const datagram = Buffer.alloc(24 + 48);
  datagram.set([0, 5, 0, 1]);
  datagram.writeUInt32BE(octets, 24 + 20);
  return datagram;
}

const octetsIn = (batches: ReturnType<typeof world>['store']['batches']) =>
  batches.flatMap(({ flows }) => flows.map(({ octets }) => Number(octets)));

it('stores of a window that is partly known the rest, and settles all of it', async () => {
  const at = summing(world());
  const dead = collector(at);
  await dead.service.start();
  dead.grant();
  await flow(at);
  for (const octets of [1, 2]) {
    dead.receiver.send(2055, netflow(octets));
    await flow(at);
  }
  // One window: committed, but nobody learns of it, and the process is gone.
  const store = at.store.store.bind(at.store);
  at.store.store = async (...args) => {
    await store(...args);
    at.store.fault = 'away';
    throw new Error('no answer');
  };
  await at.clock.advance(windowMs);
  await dead.service.stop();
  Object.assign(at.store, { store, fault: null });
  expect(octetsIn(at.store.batches)).toEqual([1, 2]);

  // What it had not settled comes again, and is gathered together with what is new: the store does not say beforehand what it has.
  at.store.delivered = () => Promise.reject(new Error('no answer'));
  const next = collector(at);
  await next.service.start();
  next.receiver.send(2055, netflow(3));
  await flow(at);
  next.grant();
  const before = at.store.attempts;
  await at.clock.advance(3 * windowMs);
  expect(octetsIn(at.store.batches)).toEqual([1, 2, 3]);
  // All three in vain, then the one that was not known.
  expect(at.store.attempts - before).toBe(2);
  expect(await at.ingest.backlog('deliver-1')).toBe(0);
  await next.service.stop();
});

it('delivers late only to be summed what the other node alone had received', async () => {
  const at = summing(world());
  const other = summing({ ...at, ingest: new MemoryIngest(at.clock) }, 'b', 'a');
  const [a, b] = [collector(at), collector(other, {}, 'b')];
  await a.service.start();
  await b.service.start();
  a.grant({ nodeId: 'id-a' });
  for (const one of [a, b]) one.receiver.send(2055, netflow(1));
  await at.clock.advance(10_000);
  at.store.fault = 'away';
  a.receiver.send(2055, netflow(2));
  await flow(at);
  await a.service.stop();
  at.store.fault = null;
  at.store.reign = { epoch: 2, incarnation: 'i-b' };
  const tenure = { epoch: 2, startedAtWallMs: at.clock.wallMs() };
  const deadlineMs = at.clock.monotonicMs() + 1_000_000;
  b.grant({ nodeId: 'id-b', incarnation: 'i-b', epoch: 2, deadlineMs, tenure });
  await at.clock.advance(30_000);
  expect(octetsIn(at.store.batches)).toEqual([1]);

  const back = collector(at);
  await back.service.start();
  await at.clock.advance(60_000);
  expect(octetsIn(at.store.batches)).toEqual([1, 2]);
  const [late] = at.store.batches.filter(({ messageId }) => messageId.startsWith('late '));
  expect(late).toMatchObject({ sumsOnly: true, ledger: { stored: [{}] } });
  expect(b.service.report().detail['lateDelivery']).toMatchObject({ state: 'comparing', datagrams: 1 });
  await back.service.stop();
  await b.service.stop();
});
