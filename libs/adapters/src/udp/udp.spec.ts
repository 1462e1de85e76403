import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Datagram, ListenRequest } from '@hotstandby/ports';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { bindError } from './bind-error.ts';
import { DgramReceiver } from './index.ts';
import { parseSockets } from './kernel-sockets.ts';
import { sourceAddress } from './source-address.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const clock = new ManualClock();
const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const undo of cleanup.splice(0)) undo();
});

const request = (change: Partial<ListenRequest> = {}): ListenRequest => ({
  kind: 'syslog',
  address: '127.0.0.21',
  port: 0,
  receiveBufferBytes: 262_144,
  ...change,
});

/** A port that was free a moment ago. */
async function freePort(address: string): Promise<number> {
  const socket = await bound(address, 0);
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

function bound(address: string, port: number, reusePort = false): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reusePort });
    socket.once('error', reject).bind(port, address, () => resolve(socket));
  });
}

async function listening(receiver: DgramReceiver, change: Partial<ListenRequest>, into: Datagram[][]) {
  const given = await receiver.listen(
    request(change),
    (batch) => into.push(batch),
    () => {},
  );
  cleanup.push(given.close);
  return given;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('waited in vain');
    await sleep(2);
  }
}

describe('DgramReceiver', () => {
  it('stamps each datagram and hands on several of them together, whatever their length', async () => {
    const receiver = new DgramReceiver({ clock, log: quiet });
    const batches: Datagram[][] = [];
    const port = await freePort('127.0.0.21');
    const given = await listening(receiver, { port }, batches);
    expect(given.receiveBufferBytes).toBeGreaterThanOrEqual(262_144);

    const sender = await bound('127.0.0.22', 0);
    cleanup.push(() => sender.close());
    for (const length of [0, 1, 1500, 65_507]) sender.send(Buffer.alloc(length, 7), port, '127.0.0.21');
    await until(() => batches.flat().length === 4);

    const all = batches.flat();
    expect(all.map((datagram) => datagram.bytes.length)).toEqual([0, 1, 1500, 65_507]);
    expect(batches.length).toBeLessThan(4);
    expect(all[0]).toMatchObject({
      kind: 'syslog',
      sourceAddress: '127.0.0.22',
      sourcePort: sender.address().port,
      localPort: port,
      receivedAtMs: clock.wallMs(),
    });
  });

  it('goes on after a listener that throws', async () => {
    const told: string[] = [];
    const receiver = new DgramReceiver({ clock, log: { ...quiet, error: (message) => told.push(message) } });
    const port = await freePort('127.0.0.21');
    let calls = 0;
    const given = await receiver.listen(
      request({ port }),
      () => {
        calls++;
        throw new Error('no');
      },
      () => {},
    );
    cleanup.push(given.close);
    const sender = await bound('127.0.0.22', 0);
    cleanup.push(() => sender.close());
    sender.send('1', port, '127.0.0.21');
    await until(() => calls === 1);
    sender.send('2', port, '127.0.0.21');
    await until(() => calls === 2);
    expect(told).toHaveLength(2);
  });

  it('shares a port with a replica and names a port that another program holds', async () => {
    const receiver = new DgramReceiver({ clock, log: quiet });
    const port = await freePort('127.0.0.21');
    await listening(receiver, { port }, []);
    await listening(receiver, { port }, []);

    const foreign = await bound('127.0.0.21', 0);
    cleanup.push(() => foreign.close());
    await expect(listening(receiver, { port: foreign.address().port }, [])).rejects.toMatchObject({
      code: 'HS_PORT_IN_USE',
    });
    await expect(listening(receiver, { address: '192.0.2.77', port }, [])).rejects.toMatchObject({
      code: 'HS_ADDRESS_UNAVAILABLE',
    });
  });

  it('counts what the kernel drops when nobody reads', async () => {
    const receiver = new DgramReceiver({ clock, log: quiet });
    const port = await freePort('127.0.0.21');
    await listening(receiver, { port, receiveBufferBytes: 4096 }, []);
    expect(await receiver.kernelDrops()).toBe(0);
    const sender = await bound('127.0.0.22', 0);
    cleanup.push(() => sender.close());
    // Sent in one turn of the event loop: the receiving socket of the same process cannot be read in between.
    for (let sent = 0; sent < 200; sent++) sender.send(Buffer.alloc(1000), port, '127.0.0.21');
    await until(async () => (await receiver.kernelDrops()) > 0);
    await until(async () => (await receiver.unreadBytes()) === 0);
  });
});

it('maps what the system says of a bind', () => {
  const coded = (code: string) => bindError(Object.assign(new Error(code), { code }), request({ port: 514 }));
  expect(coded('EACCES')).toMatchObject({ code: 'HS_PORT_FORBIDDEN', message: expect.stringContaining('514') });
  expect(coded('EMFILE')).toMatchObject({ code: 'EMFILE' });
});

it('reads sockets by inode', () => {
  const text = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
11979: 0100007F:A535 00000000:0000 07 00000000:00000A00 00:00000000 00000000     0        0 13352 2 000000008be0f84e 17
garbage
`;
  expect([...parseSockets(text)]).toEqual([['13352', { drops: 17, unreadBytes: 2560 }]]);
});

it('names senders without zone and in their own family', () => {
  expect(['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1%eth0', '2001:db8::1'].map(sourceAddress)).toEqual([
    '10.0.0.1',
    '10.0.0.1',
    'fe80::1',
    '2001:db8::1',
  ]);
});
