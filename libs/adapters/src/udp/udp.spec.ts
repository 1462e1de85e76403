import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFrame } from '@hotstandby/core/frame';
import { CodedError } from '@hotstandby/contracts';
import type { Clock, Datagram, ListenRequest, Logger, Received, Receiver } from '@hotstandby/ports';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bindError } from './bind-error.ts';
import { DgramReceiver, loadNativeAddon, NativeReceiver, openReceiver } from './index.ts';
import { parseSockets } from './kernel-sockets.ts';
import { sourceAddress } from './source-address.ts';

// Processes and kernels take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

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

async function listening(receiver: Receiver, change: Partial<ListenRequest>, into: Datagram[][]) {
  const given = await receiver.listen(
    request(change),
    (received) => into.push(datagramsOf(received)),
    () => {},
  );
  cleanup.push(given.close);
  return given;
}

function datagramsOf(received: Received): Datagram[] {
  if (Array.isArray(received)) return received;
  const { datagrams, fault } = decodeFrame(received.bytes);
  expect([datagrams.length, fault]).toEqual([received.datagrams, null]);
  return datagrams;
}

const addon = loadNativeAddon();
const native = typeof addon === 'string' ? null : addon;
const receivers: { name: string; make: (parts: { clock: Clock; log: Logger }) => Receiver }[] = [
  { name: 'DgramReceiver', make: (parts) => new DgramReceiver(parts) },
  ...(native
    ? [{ name: 'NativeReceiver', make: (parts: { log: Logger }) => new NativeReceiver({ ...parts, addon: native }) }]
    : []),
];
it.skipIf(native !== null)('NativeReceiver is not compiled here (npm start compiles it)', () => {
  expect(native).not.toBeNull();
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 25_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('waited in vain');
    await sleep(2);
  }
}

describe.each(receivers)('$name', ({ name, make }) => {
  it('stamps each datagram and hands on several of them together, whatever their length', async () => {
    const receiver = make({ clock, log: quiet });
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
    });
    // node:dgram is stamped by the clock that it was given, the native receiver by the kernel.
    if (name === 'DgramReceiver') expect(all[0]?.receivedAtMs).toBe(clock.wallMs());
    else for (const { receivedAtMs } of all) expect(Math.abs(Date.now() - receivedAtMs)).toBeLessThan(10_000);
  });

  it('names the senders of both families, and answers them from the same socket', async () => {
    const receiver = make({ clock, log: quiet });
    const batches: Datagram[][] = [];
    const port = await freePort('127.0.0.21');
    const given = await listening(receiver, { address: '::', port, kind: 'trap' }, batches);
    for (const [type, to, own] of [
      ['udp4', '127.0.0.1', '127.0.0.22'],
      ['udp6', '::1', '::1'],
    ] as const) {
      const sender = await new Promise<Socket>((resolve, reject) => {
        const socket = createSocket(type);
        socket.once('error', reject).bind(0, own, () => resolve(socket));
      });
      cleanup.push(() => sender.close());
      const answered = new Promise<[string, number]>((resolve) =>
        sender.once('message', (bytes, from) => resolve([bytes.toString(), from.port])),
      );
      const before = batches.flat().length;
      sender.send('hello', port, to);
      await until(() => batches.flat().length > before);
      const got = batches.flat()[before];
      expect(got).toMatchObject({
        kind: 'trap',
        sourceAddress: own,
        sourcePort: sender.address().port,
        localPort: port,
      });
      given.send?.(Buffer.from('answer'), { address: own, port: sender.address().port });
      expect(await answered).toEqual(['answer', port]);
    }
  });

  it('closes cleanly, and then hears nothing more', async () => {
    const receiver = make({ clock, log: quiet });
    const batches: Datagram[][] = [];
    const port = await freePort('127.0.0.21');
    const given = await listening(receiver, { port }, batches);
    const sender = await bound('127.0.0.22', 0);
    cleanup.push(() => sender.close());
    await new Promise((resolve) => sender.send('1', port, '127.0.0.21', resolve));
    await until(() => batches.length === 1);
    given.close();
    given.close();
    given.send?.(Buffer.from('nothing'), { address: '127.0.0.22', port: 9 });
    sender.send('2', port, '127.0.0.21');
    await until(async () => (await receiver.unreadBytes()) === 0);
    expect(batches.flat()).toHaveLength(1);
    // The port is free again for a program that does not share it.
    const other = await bound('127.0.0.21', port);
    cleanup.push(() => other.close());
  });

  it('goes on after a listener that throws', async () => {
    const told: string[] = [];
    const receiver = make({ clock, log: { ...quiet, error: (message) => told.push(message) } });
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
    const receiver = make({ clock, log: quiet });
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
    const receiver = make({ clock, log: quiet });
    const port = await freePort('127.0.0.21');
    await listening(receiver, { port, receiveBufferBytes: 4096 }, []);
    expect(await receiver.kernelDrops()).toBe(0);
    const sender = await bound('127.0.0.22', 0);
    cleanup.push(() => sender.close());
    // In one turn of the event loop, so that node:dgram cannot read in between; the native receiver's thread can.
    await until(async () => {
      for (let sent = 0; sent < 200; sent++) sender.send(Buffer.alloc(1000), port, '127.0.0.21');
      return (await receiver.kernelDrops()) > 0;
    });
    await until(async () => (await receiver.unreadBytes()) === 0);
  });
});

describe.skipIf(!native)('NativeReceiver alone', () => {
  it('lets the kernel drop, and counts it, when JavaScript takes nothing and the ring is full', async () => {
    if (!native) return;
    const receiver = new NativeReceiver({ addon: native, log: quiet, frameBytes: 1000, ringFrames: 4 });
    const batches: Datagram[][] = [];
    const port = await freePort('127.0.0.21');
    await listening(receiver, { port, receiveBufferBytes: 65_536 }, batches);
    // Sent by another process while the event loop of this one stands.
    const script = `const s = require('node:dgram').createSocket('udp4'); let n = 0;
      const next = () => n++ < 600 ? s.send(Buffer.alloc(900, n), ${port}, '127.0.0.21', next) : s.close(); next();`;
    execFileSync(process.execPath, ['-e', script]);
    await until(async () => (await receiver.kernelDrops()) > 0 && (await receiver.unreadBytes()) === 0);
    const drops = await receiver.kernelDrops();
    expect(batches.flat().length + drops).toBe(600);
    expect(receiver.figures()).toMatchObject({ datagrams: batches.flat().length, waits: expect.any(Number) });
    expect(receiver.figures().waits).toBeGreaterThan(0);
  });

  it('hands on what it gathers when it is asked, and when it is closed', async () => {
    if (!native) return;
    const receiver = new NativeReceiver({ addon: native, log: quiet, frameDelayMs: 600_000 });
    const batches: Datagram[][] = [];
    const port = await freePort('127.0.0.21');
    const given = await listening(receiver, { port }, batches);
    const sender = await bound('127.0.0.22', 0);
    cleanup.push(() => sender.close());
    sender.send('1', port, '127.0.0.21');
    await until(() => receiver.figures().datagrams === 1);
    expect(await receiver.unreadBytes()).toBeGreaterThan(0);
    expect(batches).toEqual([]);
    await receiver.handOn();
    expect(batches).toHaveLength(1);
    expect(await receiver.unreadBytes()).toBe(0);
    sender.send('2', port, '127.0.0.21');
    await until(() => receiver.figures().datagrams === 2);
    given.close();
    expect(batches.flat().map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['1', '2']);
  });

  it('divides bursts that the kernel gives in one piece', async () => {
    if (!native) return;
    const lengths = [700, 700, 700, 1, 0, 9000, 700];
    for (const merge of [true, false]) {
      const receiver = new NativeReceiver({ addon: native, log: quiet, merge });
      const batches: Datagram[][] = [];
      const port = await freePort('127.0.0.21');
      await listening(receiver, { port }, batches);
      const sender = await bound('127.0.0.22', 0);
      cleanup.push(() => sender.close());
      for (const length of lengths) sender.send(Buffer.alloc(length, length), port, '127.0.0.21');
      await until(() => batches.flat().length === lengths.length);
      expect(batches.flat().map(({ bytes }) => bytes.length)).toEqual(lengths);
    }
  });
});

it('uses the native receiver where it is there, and says what it uses instead and why', () => {
  const told: string[] = [];
  const log = { ...quiet, warn: (message: string) => void told.push(message) };
  const open = (receiver: 'auto' | 'native' | 'dgram') =>
    openReceiver({ config: { receiver, frameDelayMs: 10 }, clock, log }).means?.();
  expect(open('dgram')).toEqual({ name: 'dgram', note: null });
  if (native) {
    expect(open('auto')).toEqual({ name: 'native', note: null });
    expect(told).toEqual([]);
  } else {
    expect(open('auto')).toMatchObject({ name: 'dgram', note: expect.stringContaining('not compiled') });
    expect(told).toHaveLength(1);
    expect(() => open('native')).toThrow(CodedError);
  }
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
