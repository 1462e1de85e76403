// Who is sent away is not answered any more, by the kernel itself: a filter at the listening socket.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { StreamReceiver } from '@hotstandby/adapters/syslog-stream';
import { systemClock } from '@hotstandby/adapters/system';
import { filterSocket, loadNativeAddon } from '@hotstandby/adapters/udp';
import type { Listening } from '@hotstandby/ports';
import { eventually } from '../parts/eventually.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { freeTcpPort } from './free-tcp-port.ts';

const [virtual, own] = ['127.0.0.40', '127.0.0.41'];
const sockets: Socket[] = [];
let open: Listening | undefined;
afterEach(() => {
  open?.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

function sender(host: string, port: number): Socket {
  const socket = connect({ host, port });
  socket.on('error', () => {});
  socket.resume();
  sockets.push(socket);
  return socket;
}

const why = typeof loadNativeAddon() === 'string' ? 'needs the compiled receiver' : null;
it.skipIf(why !== null)(
  `answers nobody new at an address that is left, until it stays${why === null ? '' : ` (${why})`}`,
  async () => {
    const streams = { maxMessageBytes: 1000, maxConnections: 100, maxConnectionsPerSource: 100, idleSeconds: 100 };
    const log = recordingLog();
    const config = { streams, tls: { clientCertificates: 'none' as const } };
    const receiver = new StreamReceiver({ config, clock: systemClock, log, filterSocket });
    const port = await freeTcpPort(own);
    const heard: string[] = [];
    open = await receiver.listen(
      { kind: 'syslog', transport: 'tcp', address: '0.0.0.0', port, receiveBufferBytes: 0 },
      (batch) => heard.push(...batch.map(({ bytes }) => Buffer.from(bytes).toString())),
      () => {},
    );
    const before = sender(virtual, port);
    await once(before, 'connect');
    before.write('<34>1\n');
    await eventually(() => heard.length === 1);
    const left = open.leave?.([virtual]);
    const during = sender(virtual, port);
    await once(before, 'close');
    await left;
    // Everybody else is answered: there was time to answer this one, too.
    const elsewhere = sender(own, port);
    await once(elsewhere, 'connect');
    elsewhere.write('<34>2\n');
    await eventually(() => heard.length === 2);
    expect([during.connecting, open.connections?.()]).toEqual([true, 1]);

    // Its kernel asks again after a second.
    open.stay?.();
    await once(during, 'connect');
    during.write('<34>3\n');
    await eventually(() => heard.length === 3);
    expect(log.lines.filter(({ message }) => message.includes('cannot be told'))).toEqual([]);
  },
);
