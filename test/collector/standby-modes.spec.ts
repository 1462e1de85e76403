import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { address, CollectorRig } from './rig.ts';
import { udpSender, type UdpSender } from './udp-sender.ts';

let rig: CollectorRig;
let sender: UdpSender;

beforeAll(async () => {
  rig = await CollectorRig.start();
  sender = await udpSender();
  await rig.claim();
}, 120_000);
afterAll(async () => {
  sender?.close();
  await rig?.stop();
});
afterEach(() => rig.endCollectors());

const line = (text: string) => `<13>1 2026-01-01T00:00:00Z host app - - - ${text}`;
const stored = async (prefix: string) => {
  const rows = await rig.postgres.sql(
    'select message, stored_at from hotstandby.syslog_message where message like $1 order by id',
    [`${prefix}%`],
  );
  return rows.map((row) => String(row['message']));
};

describe('a cold standby', () => {
  it('opens its sockets when it takes over, says how long that took, and closes them when it lets go', async () => {
    const process = await rig.readyCollector('  standby: cold\n');
    expect(rig.status(process)?.summary).toContain('cold');
    expect(rig.status(process)?.detail['ports']).toEqual([]);
    rig.grant();
    await eventually(() => rig.status(process)?.detail['socketsOpenedAfterMs'] !== null);
    console.log(`sockets opened after ${String(rig.status(process)?.detail['socketsOpenedAfterMs'])} ms`);
    await eventually(async () => {
      await sender.send(line('cold'), address, rig.ports.syslog);
      return (await stored('cold')).length > 0;
    });
    rig.revoke();
    await eventually(() => (rig.status(process)?.detail['ports'] as unknown[] | undefined)?.length === 0);
    rig.grant();
    await eventually(async () => {
      await sender.send(line('again'), address, rig.ports.syslog);
      return (await stored('again')).length > 0;
    });
  }, 60_000);
});

describe('after an outage of the database', () => {
  async function outage(prefix: string, change: string): Promise<{ order: number[]; sent: number; said: string[] }> {
    const process = await rig.readyCollector(`  feed: vip\n${change}`);
    rig.grant();
    let sent = 0;
    const timer = setInterval(() => {
      for (let burst = 0; burst < 10; burst++) void sender.send(line(`${prefix} ${sent++}`), address, rig.ports.syslog);
    }, 20);
    const said = new Set<string>();
    const watching = setInterval(() => {
      const status = rig.status(process);
      if (status) said.add(`${status.summary}; ${String(status.detail['catchUp'])}`);
    }, 100);
    try {
      await eventually(async () => (await stored(prefix)).length > 50);
      await rig.postgres.kill();
      const outMs = performance.now();
      // Longer than what is no backlog yet.
      await eventually(() => performance.now() - outMs > 12_500);
      await rig.postgres.start();
      const backAt = sent;
      await eventually(() => sent > backAt + 1000);
    } finally {
      clearInterval(timer);
    }
    await eventually(async () => new Set(await stored(prefix)).size === sent, 60_000, 'everything sent');
    clearInterval(watching);
    return { order: (await stored(prefix)).map((text) => Number(text.split(' ').at(-1))), sent, said: [...said] };
  }

  it('nothing is lost, and the oldest is stored first', async () => {
    const { order, sent } = await outage('oldest', '  catchUp: oldest\n');
    expect(order).toHaveLength(sent);
  }, 120_000);

  it('nothing is lost or doubled when the newest is stored first, and status says so', async () => {
    const { order, sent, said } = await outage('newest', '  catchUp: newest\n');
    expect(order).toHaveLength(sent);
    expect(said.join('\n')).toContain('newest first, the backlog behind it');
  }, 120_000);
});
