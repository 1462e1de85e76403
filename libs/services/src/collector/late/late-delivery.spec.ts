import { parseConfig } from '@hotstandby/config';
import { collector, configText, line, world } from '@hotstandby/testing/collector-world';
import { MemoryIngest } from '@hotstandby/testing/memory-ingest';
import { describe, expect, it } from 'vitest';

/** Both nodes, both fed; a is active. What is compared is some seconds behind what comes. */
async function pair() {
  const at = world();
  const peer = parseConfig(configText('b', 'a'));
  if (!peer.ok) throw new Error(JSON.stringify(peer.faults));
  const otherWorld = { ...at, ingest: new MemoryIngest(at.clock), config: peer.config };
  const [a, b] = [collector(at), collector(otherWorld, {}, 'b')];
  await a.service.start();
  await b.service.start();
  const grantA = () => a.grant({ nodeId: 'id-a', deadlineMs: at.clock.monotonicMs() + 10_000_000 });
  const grantB = () => {
    const tenure = { epoch: 2, startedAtWallMs: at.clock.wallMs() };
    at.store.reign = { epoch: 2, incarnation: 'i-b' };
    const deadlineMs = at.clock.monotonicMs() + 10_000_000;
    b.grant({ nodeId: 'id-b', incarnation: 'i-b', epoch: 2, deadlineMs, tenure });
  };
  grantA();
  await at.clock.advance(5000);
  const both = (...texts: string[]) => [a, b].forEach((one) => one.receiver.send(5514, ...texts.map(line)));
  const stop = async () => {
    await a.service.stop();
    await b.service.stop();
  };
  return { at, otherWorld, a, b, both, grantB, stop };
}

describe('what one node alone received', () => {
  it('is stored late while the other one reigns on, once', async () => {
    const { at, a, b, both, stop } = await pair();
    both('1');
    b.receiver.send(5514, line('only b'));
    both('2');
    await at.clock.advance(3000);
    // Nobody knows yet whether a has it on its way.
    expect(a.messages().sort()).toEqual(['1', '2']);
    await at.clock.advance(30_000);
    expect(a.messages().sort()).toEqual(['1', '2', 'only b']);
    expect(a.service.report().detail['lateDelivery']).toMatchObject({ state: 'comparing', datagrams: 1 });
    await at.clock.advance(120_000);
    expect(a.messages()).toHaveLength(3);
    await stop();
  });

  it('is found among equal ones by how many there were', async () => {
    const { at, a, b, both, stop } = await pair();
    for (let turn = 0; turn < 40; turn++) {
      // A device that says the same again and again; a misses four of it.
      if (turn >= 20 && turn < 24) b.receiver.send(5514, line('again'));
      else both('again');
      await at.clock.advance(500);
    }
    await at.clock.advance(40_000);
    expect(a.messages()).toHaveLength(40);
    await stop();
  });

  it('is looked for once, also where copies come apart', async () => {
    const { at, a, b, stop } = await pair();
    let lines = 0;
    const read = at.store.lines.bind(at.store);
    at.store.lines = (...span) => {
      lines++;
      return read(...span);
    };
    for (let turn = 0; turn < 30; turn++) {
      a.receiver.send(5514, line(`${turn}`));
      // Half a second is what a machine may stand still for.
      await at.clock.advance(300);
      b.receiver.send(5514, line(`${turn}`));
      await at.clock.advance(700);
    }
    await at.clock.advance(30_000);
    expect(a.messages()).toHaveLength(30);
    expect(lines).toBeLessThan(14);
    await stop();
  });

  it('is stored by the next active, which had it itself, when the one before died first', async () => {
    const { at, a, b, both, grantB, stop } = await pair();
    await at.clock.advance(60_000);
    b.receiver.send(5514, line('only b'));
    await at.clock.advance(5000);
    both('1');
    await at.clock.advance(5000);
    expect(a.messages()).toEqual(['1']);
    await a.service.stop();
    grantB();
    both('2');
    await at.clock.advance(2000);
    // The take-over itself does not wait for it.
    expect(b.messages()).toEqual(['1', '2']);
    await at.clock.advance(60_000);
    expect(b.messages().sort()).toEqual(['1', '2', 'only b']);
    await stop();
  });

  it('is noted as open for whoever follows until it is stored, whoever dies meanwhile', async () => {
    const { at, otherWorld, a, b, both, grantB, stop } = await pair();
    await at.clock.advance(60_000);
    b.receiver.send(5514, line('only b'));
    await at.clock.advance(5000);
    both('1');
    await at.clock.advance(3000);
    await a.service.stop();
    grantB();
    await at.clock.advance(2000);
    expect(b.messages()).toEqual(['1']);
    // The next active dies before it has compared; another process of that node goes on with the same tenure.
    await b.service.stop();
    const again = collector(otherWorld, {}, 'b');
    await again.service.start();
    const tenure = { epoch: 2, startedAtWallMs: at.clock.wallMs() - 2000 };
    const deadlineMs = at.clock.monotonicMs() + 10_000_000;
    again.grant({ nodeId: 'id-b', incarnation: 'i-b', epoch: 2, deadlineMs, tenure });
    await at.clock.advance(120_000);
    expect(again.messages().sort()).toEqual(['1', 'only b']);
    await again.service.stop();
    await stop();
  });

  it('is stored once by replicas, of which one finds what the other has done', async () => {
    const { at, a, b, both, stop } = await pair();
    const replica = collector(at);
    await replica.service.start();
    replica.grant({ nodeId: 'id-a', deadlineMs: at.clock.monotonicMs() + 10_000_000 });
    let lines = 0;
    const read = at.store.lines.bind(at.store);
    at.store.lines = (...span) => {
      lines++;
      return read(...span);
    };
    for (let turn = 0; turn < 60; turn++) {
      both(`${turn}`);
      if (turn % 20 === 7) b.receiver.send(5514, line(`only b ${turn}`));
      await at.clock.advance(1000);
    }
    await at.clock.advance(40_000);
    expect(a.messages()).toHaveLength(63);
    // Each would have looked at all of 20 pieces, and twice at three.
    expect(lines).toBeLessThan(30);
    await replica.service.stop();
    await stop();
  });

  it('is left where it is of a source that sends each node its own, and of no other', async () => {
    const { at, a, b, both, stop } = await pair();
    const from = (node: typeof a, text: string) => node.receiver.sendFrom('192.0.2.66', 5514, line(text));
    for (let turn = 0; turn < 30; turn++) {
      from(a, `for a ${turn}`);
      from(b, `for b ${turn}`);
      both(`of both ${turn}`);
      if (turn === 15) b.receiver.send(5514, line('only b'));
      await at.clock.advance(500);
    }
    await at.clock.advance(60_000);
    const stored = a.messages();
    expect(stored.filter((text) => text.startsWith('for b'))).toEqual([]);
    expect(stored.filter((text) => text === 'only b')).toHaveLength(1);
    expect(stored).toHaveLength(61);
    // What a cannot have had, for it had nothing at all then, is another matter.
    await a.service.stop();
    for (let turn = 0; turn < 60; turn++) {
      from(b, `alone ${turn}`);
      await at.clock.advance(500);
    }
    const back = collector(at);
    await back.service.start();
    back.grant({ nodeId: 'id-a', deadlineMs: at.clock.monotonicMs() + 10_000_000 });
    await at.clock.advance(120_000);
    expect(back.messages().filter((text) => text.startsWith('alone')).length).toBe(60);
    await back.service.stop();
    await stop();
  });
});
