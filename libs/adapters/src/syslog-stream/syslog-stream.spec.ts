import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Datagram, ListenRequest, SenderRules } from '@hotstandby/ports';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { StreamReceiver } from './index.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const host = '127.0.0.23';
const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const undo of cleanup.splice(0)) undo();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(2);
  }
}

type Streams = {
  maxConnections?: number;
  maxConnectionsPerSource?: number;
  maxMessageBytes?: number;
  idleSeconds?: number;
};

async function listening(change: { streams?: Streams; senders?: Partial<SenderRules> } = {}) {
  const clock = new ManualClock();
  const streams = {
    maxMessageBytes: 1024,
    maxConnections: 100,
    maxConnectionsPerSource: 50,
    idleSeconds: 100,
    ...change.streams,
  };
  const receiver = new StreamReceiver({ config: { streams, tls: { clientCertificates: 'none' } }, clock, log });
  const port = await freePort();
  const refused: string[] = [];
  const senders: SenderRules = {
    allows: () => true,
    holdBackMs: () => 0,
    refused: (source, reason) => refused.push(`${source} ${reason}`),
    ...change.senders,
  };
  const request: ListenRequest = {
    kind: 'syslog',
    transport: 'tcp',
    address: host,
    port,
    receiveBufferBytes: 0,
    senders,
  };
  const datagrams: Datagram[] = [];
  const open = await receiver.listen(
    request,
    (batch) => void datagrams.push(...batch),
    () => {},
  );
  cleanup.push(open.close);
  const messages = () => datagrams.map(({ bytes }) => Buffer.from(bytes).toString());
  return { clock, port, datagrams, messages, refused, open, receiver, request };
}

async function sender(port: number, localAddress = '127.0.0.24'): Promise<Socket & { over: Promise<void> }> {
  const socket = connect({ host, port, localAddress });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.resume();
  await Promise.race([once(socket, 'connect'), closed]);
  cleanup.push(() => socket.destroy());
  return Object.assign(socket, { over: closed });
}

describe('StreamReceiver', () => {
  it('hands on the messages of both framings as datagrams of their sender', async () => {
    const at = await listening();
    const counted = await sender(at.port);
    const lines = await sender(at.port, '127.0.0.25');
    counted.write('6 <34>ab5 <3');
    await until(() => at.datagrams.length === 1, 'the first message');
    counted.write('4>c');
    lines.end('<34>d\n<34>e');
    await until(() => at.datagrams.length === 4, 'all messages');
    expect(at.messages().toSorted()).toEqual(['<34>ab', '<34>c', '<34>d', '<34>e']);
    expect(at.datagrams[0]).toEqual({
      kind: 'syslog',
      sourceAddress: '127.0.0.24',
      sourcePort: counted.localPort,
      localPort: at.port,
      receivedAtMs: at.clock.wallMs(),
      bytes: expect.anything(),
    });
    await until(() => at.open.connections?.() === 1, 'the end of one connection');
  });

  it('closes a connection that cannot be read on, and takes what was good', async () => {
    const at = await listening();
    const socket = await sender(at.port);
    socket.write('5 <34>ano count');
    await socket.over;
    expect(at.messages()).toEqual(['<34>a']);
    expect(at.refused).toEqual(['127.0.0.24 stream']);
  });

  it('bounds connections, of all and of one source', async () => {
    const at = await listening({ streams: { maxConnections: 3, maxConnectionsPerSource: 2 } });
    const [first] = [await sender(at.port), await sender(at.port)];
    await until(() => at.open.connections?.() === 2, 'two connections');
    await (
      await sender(at.port)
    ).over;
    await sender(at.port, '127.0.0.25');
    await until(() => at.open.connections?.() === 3, 'three connections');
    await (
      await sender(at.port, '127.0.0.26')
    ).over;
    expect(at.refused).toEqual(['127.0.0.24 connections', '127.0.0.26 connections']);
    first.destroy();
    await until(() => at.open.connections?.() === 2, 'room');
    const next = await sender(at.port, '127.0.0.26');
    next.write('<34>a\n');
    await until(() => at.datagrams.length === 1, 'a message of the next one');
  });

  it('takes nothing of sources that are not allowed', async () => {
    const at = await listening({ senders: { allows: (source) => source === '127.0.0.25' } });
    const stranger = await sender(at.port);
    stranger.write('<34>a\n');
    await stranger.over;
    (await sender(at.port, '127.0.0.25')).write('<34>b\n');
    await until(() => at.datagrams.length > 0, 'a message');
    expect(at.messages()).toEqual(['<34>b']);
  });

  it('has patience, and not for ever: for silence, for a message that trickles, for the first octet', async () => {
    const at = await listening();
    const [silent, idle, slow] = [await sender(at.port), await sender(at.port), await sender(at.port)];
    idle.write('<34>a\n');
    await until(() => at.datagrams.length === 1, 'a message');
    slow.write('<34>b');
    let closed = '';
    const nobody = () => closed === '';
    for (const [name, socket] of Object.entries({ silent, idle, slow }))
      void socket.over.then(() => (closed += `${name} `));
    // Its octets keep coming: that does not help it.
    for (let second = 0; second < 40 && nobody(); second++) {
      slow.write('.');
      await at.clock.advance(1000);
      await sleep(5);
    }
    await until(() => closed === 'slow ', 'the end of the slow one');
    expect(at.messages()[1]).toMatch(/^<34>b\.+$/);
    await at.clock.advance(40_000);
    await until(() => closed === 'slow silent ', 'the end of the silent one');
    await at.clock.advance(60_000);
    await until(() => closed === 'slow silent idle ', 'the end of the idle one');
  });

  it('holds back who sends too much, and loses nothing of it', async () => {
    let hold = 1000;
    const at = await listening({ senders: { holdBackMs: () => hold } });
    const socket = await sender(at.port);
    const line = `<34>${'x'.repeat(1000)}\n`;
    let written = 0;
    // More than all the buffers on the way take.
    while (written < 20_000 && (socket.write(line), (written += 1), socket.writableLength < 4_000_000));
    await until(() => at.datagrams.length > 0, 'the first messages');
    const before = at.datagrams.length;
    expect(before).toBeLessThan(written / 2);
    // Somebody else connects and is heard meanwhile: time enough to have read on.
    (await sender(at.port, '127.0.0.25')).write('<34>other\n');
    await until(() => at.messages().includes('<34>other'), 'what somebody else says');
    expect(at.datagrams).toHaveLength(before + 1);
    await at.clock.advance(30_000);
    expect(at.open.connections?.()).toBe(2);
    hold = 0;
    await at.clock.advance(5000);
    await until(() => at.datagrams.length === written + 1, 'all messages');
  });

  it('shares its port with a replica, and names one that another program holds', async () => {
    const at = await listening();
    const replica = await at.receiver.listen(
      at.request,
      () => {},
      () => {},
    );
    cleanup.push(replica.close);
    const foreign = createServer().listen(0, host);
    await once(foreign, 'listening');
    cleanup.push(() => foreign.close());
    const { port } = foreign.address() as { port: number };
    const elsewhere = (change: Partial<ListenRequest>) =>
      at.receiver.listen(
        { ...at.request, ...change },
        () => {},
        () => {},
      );
    await expect(elsewhere({ port })).rejects.toMatchObject({ code: 'HS_PORT_IN_USE' });
    await expect(elsewhere({ address: '192.0.2.77' })).rejects.toMatchObject({ code: 'HS_ADDRESS_UNAVAILABLE' });
    await expect(elsewhere({ transport: 'tls' })).rejects.toMatchObject({ code: 'HS_TLS_FILES' });
  });

  it('is left by senders who heed its end, reads what they had sent until then, and takes them back when it stays', async () => {
    const at = await listening();
    const [heedful, deaf] = [await sender(at.port), await sender(at.port, '127.0.0.25')];
    await until(() => at.open.connections?.() === 2, 'two connections');
    deaf.removeAllListeners('end');
    deaf.allowHalfOpen = true;
    let left = false;
    const leaving = at.open.leave?.([host]).then(() => (left = true));
    // Written before the word arrives, and behind it by one who does not listen to it.
    heedful.write('<34>1\n');
    deaf.write('<34>2\n');
    await heedful.over;
    deaf.write('<34>3\n');
    await until(() => at.datagrams.length === 3, 'what they had to say');
    expect(at.messages().toSorted()).toEqual(['<34>1', '<34>2', '<34>3']);
    expect(left).toBe(false);
    // It is still the only one here: what is said is taken, and that it is left is told again.
    const again = await sender(at.port);
    again.write('<34>4\n');
    await again.over;
    await until(() => at.messages().includes('<34>4'), 'what one who came back says');
    deaf.end();
    await leaving;
    expect(at.open.connections?.()).toBe(0);

    at.open.stay?.();
    const stays = await sender(at.port);
    stays.write('<34>5\n');
    await until(() => at.messages().includes('<34>5'), 'what one who may stay says');
    expect([stays.readableEnded, at.open.connections?.()]).toEqual([false, 1]);
  });

  it('keeps the connections to other addresses when those of one leave', async () => {
    const at = await listening();
    const stays = await sender(at.port);
    await until(() => at.open.connections?.() === 1, 'a connection');
    await at.open.leave?.(['192.0.2.100', '2001:db8::64']);
    stays.write('<34>1\n');
    await until(() => at.datagrams.length === 1, 'a message');
    expect([stays.readableEnded, at.open.connections?.()]).toEqual([false, 1]);
  });

  it('closes its connections with itself, and hands on what had begun', async () => {
    const at = await listening();
    const socket = await sender(at.port);
    // In one write: whoever has the first message has what begins behind it.
    socket.write('<34>whole\n<34>a');
    await until(() => at.datagrams.length === 1, 'the message before');
    at.open.close();
    await socket.over;
    expect(at.messages()).toEqual(['<34>whole', '<34>a']);
  });
});
