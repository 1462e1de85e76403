// Who still sends to a node that is not active: a real collector as a process, fed by the one address that others use.
import { staleSenders, type StaleSenders } from '@hotstandby/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import type { CollectorProcess } from './collector-process.ts';
import { address, CollectorRig } from './rig.ts';
import { udpSender, type UdpSender } from './udp-sender.ts';

describe('senders that have not noticed a move', () => {
  let rig: CollectorRig;
  let collector: CollectorProcess;
  const devices: UdpSender[] = [];
  let timer: ReturnType<typeof setInterval>;

  beforeAll(async () => {
    rig = await CollectorRig.start();
    await rig.claim();
    collector = await rig.readyCollector(
      `  feed: vip\n  mirror: false\nbinding: { mode: vip, addresses: [192.0.2.99/24] }\n`,
    );
    for (const last of [1, 2]) devices.push(await udpSender(`127.0.0.${last}`));
    // One sends again and again, the other once.
    timer = setInterval(() => void devices[0]?.send('<13>still here', address, rig.ports.syslog), 50);
  });
  afterAll(async () => {
    clearInterval(timer);
    for (const device of devices) device.close();
    await rig?.stop();
  });

  const listed = (): StaleSenders | null =>
    staleSenders.safeParse(rig.status(collector)?.detail['staleSenders']).data ?? null;
  const told = () => rig.events.filter(({ type }) => type === 'sender.stale').map(({ data }) => data);

  it('are listed and told of once, not while the node is active, and again afterwards', async () => {
    const first = await eventually(listed);
    expect(first).toMatchObject({ senders: [{ source: '127.0.0.1', via: 'syslog' }], more: 0 });
    await devices[1]?.send('<13>me too', address, rig.ports.syslog);
    const both = await eventually(() => (listed()?.senders.length === 2 ? listed() : null));
    expect(both.senders.find(({ source }) => source === '127.0.0.2')).toMatchObject({ count: 1 });
    await eventually(() => (listed()?.senders.find(({ source }) => source === '127.0.0.1')?.count ?? 0) > 20);
    await eventually(() => told().length === 2);

    rig.grant();
    await eventually(() => rig.status(collector)?.detail['role'] === 'active' && listed() === null);
    rig.revoke();
    const again = await eventually(listed);
    expect(again.senders.map(({ source }) => source)).toEqual(['127.0.0.1']);
    const seen = (source: string) => told().filter((data) => data['source'] === source);
    expect(seen('127.0.0.1')).toHaveLength(1);
    expect(seen('127.0.0.2')).toEqual([
      expect.objectContaining({ via: 'syslog', count: 1, instead: ['192.0.2.99/24'] }),
    ]);
  });
});
