// Forwarding under the address and port that a datagram came from, over a real network: three machines in namespaces.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Lan, missing } from '../binding/lan.ts';
import { eventually } from '../parts/eventually.ts';
import type { Sent } from './forward-process.ts';
import type { Heard } from './listen-process.ts';

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const node = [process.execPath, '--conditions=@hotstandby/source'];
const proxyHeaderOctets = 28;
const signature = '0d0a0d0a000d0a515549540a21';
const withoutRight = ['setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw'];
const why = missing();

describe.skipIf(why !== null)(`forwarding under the original source${why === null ? '' : ` (${why})`}`, () => {
  const lan = new Lan();
  const listeners: ChildProcess[] = [];
  beforeAll(async () => {
    await lan.open();
    // The software has a way back to the devices: else a host that filters by it (rp_filter) throws them away.
    await lan.ip('c', 'route', 'add', 'default', 'dev', 'eth0');
    await lan.ip('c', '-6', 'route', 'add', 'default', 'dev', 'eth0');
  });
  afterEach(() => {
    for (const child of listeners.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => lan.close());

  /** The monitoring software, on the third machine. */
  async function software(address: string) {
    const space = `--net=/run/netns/${lan.namespace('c')}`;
    const child = spawn('nsenter', [space, ...node, script('listen-process.ts'), address], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    listeners.push(child);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const lines = () => said.split('\n').slice(0, -1);
    const port = Number(await eventually(() => lines()[0], 20_000, 'its port'));
    return {
      port,
      heard: () =>
        lines()
          .slice(1)
          .map((line) => JSON.parse(line) as Heard),
    };
  }

  /** From the first machine. */
  async function forward(to: { address: string; port: number }, sent: Sent[], before: string[] = []) {
    const sink = { to, kinds: ['syslog'], source: 'original' };
    const words = [script('forward-process.ts'), JSON.stringify(sink), JSON.stringify(sent)];
    return JSON.parse(await lan.inside('a', ...before, ...node, ...words)) as {
      limitation: string | null;
      said: string[];
    };
  }

  it.each([
    ['IPv4', '192.0.2.13', ['198.51.100.7', '203.0.113.9']],
    ['IPv6', '2001:db8::13', ['2001:db8:5::7', 'fd00::9']],
  ])('keeps address and port (%s), also of datagrams longer than a packet', async (_, address, devices) => {
    const there = await software(address);
    const sent = devices.flatMap((sourceAddress, index) =>
      [0, 1, 1400, 3001, 60_000].map((octets) => ({ sourceAddress, sourcePort: 514 + index, octets })),
    );
    const { limitation, said } = await forward({ address, port: there.port }, sent);
    expect({ limitation, said }).toEqual({ limitation: null, said: [] });
    await eventually(() => there.heard().length === sent.length, 20_000, 'all of them');
    const heard = there.heard().map(({ from, port, octets }) => ({ sourceAddress: from, sourcePort: port, octets }));
    expect(heard).toEqual(sent);
    expect(there.heard().every(({ head, octets }) => head === '78'.repeat(Math.min(octets, 13)))).toBe(true);
  });

  it('says in a header what it cannot keep on the way: the other family, a single host or link', async () => {
    const there = await software('192.0.2.13');
    const devices = ['2001:db8:5::7', '127.0.0.1', '198.51.100.7'];
    const sent = devices.map((sourceAddress) => ({ sourceAddress, sourcePort: 40_000, octets: 5 }));
    await forward({ address: '192.0.2.13', port: there.port }, sent);
    await eventually(() => there.heard().length === sent.length, 20_000, 'all of them');
    expect(there.heard().map(({ from, head }) => [from, head === signature])).toEqual([
      ['192.0.2.11', true],
      ['192.0.2.11', true],
      ['198.51.100.7', false],
    ]);
  });

  it('says it in a header, the log and its state, where it has not the right to it', async () => {
    const there = await software('192.0.2.13');
    const sent = [{ sourceAddress: '198.51.100.7', sourcePort: 514, octets: 5 }];
    const { limitation, said } = await forward({ address: '192.0.2.13', port: there.port }, sent, withoutRight);
    expect(limitation).toMatch(/CAP_NET_RAW.*HS_FORWARD_SOURCE/);
    expect(said).toEqual([limitation]);
    await eventually(() => there.heard().length === 1, 20_000, 'the datagram');
    expect(there.heard()).toMatchObject([{ from: '192.0.2.11', head: signature, octets: proxyHeaderOctets + 5 }]);
  });
});
