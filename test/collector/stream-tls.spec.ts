import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { StreamReceiver } from '@hotstandby/adapters/syslog-stream';
import { systemClock } from '@hotstandby/adapters/system';
import type { Datagram, ListenRequest } from '@hotstandby/ports';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';
import { recordingLog } from '../parts/recording-log.ts';
import { Authority } from './certificates.ts';
import { freeTcpPort } from './free-tcp-port.ts';

const host = '127.0.0.36';
const folder = mkdtempSync(path.join(tmpdir(), 'stream-tls-'));
const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const undo of cleanup.splice(0)) undo();
});
afterAll(() => rmSync(folder, { recursive: true }));

let authority: Authority;
let strangers: Authority;
let own: { certFile: string; keyFile: string };
const pem = ({ certFile, keyFile }: typeof own): ConnectionOptions => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
});
beforeAll(() => {
  authority = new Authority(folder, 'ca');
  strangers = new Authority(folder, 'strangers');
});

async function listening(clientCertificates: 'none' | 'optional' | 'required') {
  own = authority.issue('server', 'first', host);
  const log = recordingLog();
  const streams = { maxMessageBytes: 8192, maxConnections: 100, maxConnectionsPerSource: 50, idleSeconds: 100 };
  const tls = { ...own, caFile: authority.caFile, clientCertificates };
  const receiver = new StreamReceiver({ config: { streams, tls }, clock: systemClock, log });
  const refused: string[] = [];
  const datagrams: Datagram[] = [];
  const port = await freeTcpPort(host);
  const request: ListenRequest = {
    kind: 'syslog',
    transport: 'tls',
    address: host,
    port,
    receiveBufferBytes: 0,
    senders: { allows: () => true, holdBackMs: () => 0, refused: (_, reason) => refused.push(reason) },
  };
  const open = await receiver.listen(
    request,
    (batch) => void datagrams.push(...batch),
    () => {},
  );
  cleanup.push(open.close);
  return { port, refused, log, messages: () => datagrams.map(({ bytes }) => Buffer.from(bytes).toString()) };
}

/** Resolves when the handshake is over as the client sees it; who was refused learns it by a close. */
async function sender(
  port: number,
  options: ConnectionOptions = {},
): Promise<{ socket: TLSSocket; over: () => boolean }> {
  const socket = connect({ host, port, ca: readFileSync(authority.caFile), ...options });
  cleanup.push(() => socket.destroy());
  let [over, secure] = [false, false];
  socket.on('error', () => {}).on('close', () => (over = true));
  socket.once('secureConnect', () => (secure = true)).resume();
  await eventually(() => over || secure, 20_000, 'a handshake');
  return { socket, over: () => over };
}

describe('syslog over TLS', () => {
  it('takes messages of anybody when nobody has to show a certificate', async () => {
    const at = await listening('none');
    const { socket } = await sender(at.port);
    socket.write('6 <34>ab5 <34>');
    socket.write('c');
    await eventually(() => at.messages().length === 2, 20_000, 'both messages');
    expect(at.messages()).toEqual(['<34>ab', '<34>c']);
  });

  it.each(['optional', 'required'] as const)('believes no strangers (%s)', async (wanted) => {
    const at = await listening(wanted);
    const friend = await sender(at.port, pem(authority.issue('friend', 'friend')));
    friend.socket.write('5 <34>f');
    await eventually(() => at.messages().length === 1, 20_000, 'the message of one with a certificate');
    const stranger = await sender(at.port, pem(strangers.issue('stranger', 'stranger')));
    stranger.socket.write('5 <34>s');
    await eventually(stranger.over, 20_000, 'the end of the stranger');
    const nobody = await sender(at.port);
    nobody.socket.write('5 <34>n');
    if (wanted === 'required') await eventually(nobody.over, 20_000, 'the end of the one without a certificate');
    else await eventually(() => at.messages().length === 2, 20_000, 'the message of the one without a certificate');
    expect(at.messages()).toEqual(wanted === 'required' ? ['<34>f'] : ['<34>f', '<34>n']);
    expect(at.refused).toEqual(wanted === 'required' ? ['tls', 'tls'] : ['tls']);
  });

  it('refuses what is no TLS, or an old one', async () => {
    const at = await listening('none');
    // Without OpenSSL's own security level the client would not even try.
    await sender(at.port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' });
    await eventually(() => at.refused.length === 1, 20_000, 'the refusal of TLS 1.1');
    const plain = connectPlain({ host, port: at.port });
    plain.on('error', () => {}).resume();
    plain.write('<34>a message that is not encrypted\n');
    await eventually(() => plain.destroyed, 20_000, 'the end of the plain one');
    await eventually(() => at.refused.length === 2, 20_000, 'the refusal of the plain one');
    expect(at.messages()).toEqual([]);
  });

  it('reads changed files again, keeps connections and, while the files are wrong, the earlier ones', async () => {
    const at = await listening('none');
    const subject = async () => {
      const { socket } = await sender(at.port);
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return CN;
    };
    const { socket } = await sender(at.port);
    expect(await subject()).toBe('first');
    writeFileSync(own.keyFile, 'no key');
    await eventually(
      () => at.log.lines.some(({ fields }) => fields?.['code'] === 'HS_TLS_FILES'),
      30_000,
      'the complaint',
    );
    expect(await subject()).toBe('first');
    const next = authority.issue('next', 'second', host);
    copyFileSync(next.certFile, own.certFile);
    copyFileSync(next.keyFile, own.keyFile);
    await eventually(async () => (await subject()) === 'second', 30_000, 'the new certificate');
    socket.write('5 <34>a');
    await eventually(() => at.messages().length === 1, 20_000, 'a message over the earlier connection');
  });
});
