import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import {
  done,
  errorToken,
  loginAck,
  packet,
  packetTypes,
  preloginAnswer,
  resultTokens,
  textsOf,
  type TdsError,
  type TdsResult,
} from './tds-tokens.ts';

/** What becomes of a request: results, an error, no answer at all, the end of the connection, or bytes that mean nothing. */
export type TdsAnswer = TdsResult[] | TdsError | 'hang' | 'cut' | 'garbage';

export interface TdsPeerScript {
  /** The encryption byte of its PRELOGIN answer; or it says nothing, or something else. Not supported when absent. */
  prelogin?: 0 | 1 | 2 | 3 | 'silent' | 'garbage' | 'http';
  /** `strict`: TLS from the first byte; else inside PRELOGIN packets when the byte says so. */
  tls?: { certificatePem: string; keyPem: string; strict?: boolean };
  login?: TdsError | 'silent' | 'cut';
  /** For every batch and call after the login; `text` holds what was asked. An empty list: done, no result. */
  answer?: (text: string) => TdsAnswer;
  /** For the rows of every bulk load; `into` is the statement that announced them. `deaf`: from its first packet on nothing is read. */
  bulk?: (into: string) => TdsAnswer | 'deaf';
}

export interface TdsPeer {
  port: number;
  /** Types of the packets that came in clear text, in order. */
  clearPackets: number[];
  /** Every byte that came in clear text. */
  clearBytes(): Buffer;
  /** Texts of the requests after the login. */
  requests: string[];
  /** Rows that came in bulk, as they were sent, with the statement that announced them. */
  bulkLoads: { into: string; payload: Buffer }[];
  /** From which addresses connections came. */
  callers: string[];
  openSockets(): number;
  close(): Promise<void>;
}

/** Speaks just enough of TDS, by hand, to say whatever a server can say to a client. Listens on 127.0.0.1. */
export async function startTdsPeer(script: TdsPeerScript): Promise<TdsPeer> {
  const sockets = new Set<Socket>();
  const clear: Buffer[] = [];
  const peer = {
    clearPackets: [] as number[],
    requests: [] as string[],
    bulkLoads: [] as TdsPeer['bulkLoads'],
    callers: [] as string[],
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    peer.callers.push(socket.remoteAddress ?? '');
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    const { tls } = script;
    if (tls?.strict) {
      const secure = new TLSSocket(socket, {
        isServer: true,
        cert: tls.certificatePem,
        key: tls.keyPem,
        ALPNProtocols: ['tds/8.0'],
      });
      secure.on('error', () => socket.destroy());
      converse(secure, socket, script, peer, false);
      return;
    }
    socket.on('data', (chunk: Buffer) => clear.push(chunk));
    converse(socket, socket, script, peer, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...peer,
    port: (server.address() as AddressInfo).port,
    clearBytes: () => Buffer.concat(clear),
    openSockets: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Heard = Pick<TdsPeer, 'clearPackets' | 'requests' | 'bulkLoads'>;

/** Reads messages from `stream` (the socket, or what TLS makes of it) and answers each. */
function converse(stream: Duplex, socket: Socket, script: TdsPeerScript, heard: Heard, inClear: boolean): void {
  let pending = Buffer.alloc(0);
  let message: Buffer[] = [];
  const onData = (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 8 && pending.length >= pending.readUInt16BE(2)) {
      const [type, status, lengthBytes] = [pending[0] ?? 0, pending[1] ?? 0, pending.readUInt16BE(2)];
      message.push(pending.subarray(8, lengthBytes));
      pending = pending.subarray(lengthBytes);
      if (inClear) heard.clearPackets.push(type);
      if (type === packetTypes.bulk && script.bulk?.(heard.requests.at(-1) ?? '') === 'deaf') {
        stream.off('data', onData);
        stream.pause();
        return;
      }
      if ((status & 1) === 0) continue;
      const whole = Buffer.concat(message);
      message = [];
      if (type === packetTypes.prelogin && inClear && secureAfter(script)) {
        socket.write(preloginAnswer(Number(script.prelogin)));
        stream.off('data', onData);
        converse(tlsInsidePackets(socket, script, pending), socket, script, heard, false);
        return;
      }
      respond(stream, socket, script, heard, type, whole);
    }
  };
  stream.on('data', onData);
}

const secureAfter = ({ tls, prelogin }: TdsPeerScript) => tls !== undefined && (prelogin === 1 || prelogin === 3);

function respond(stream: Duplex, socket: Socket, script: TdsPeerScript, heard: Heard, type: number, payload: Buffer) {
  if (type === packetTypes.prelogin) {
    const { prelogin = 2 } = script;
    if (prelogin === 'garbage') stream.write(packet(packetTypes.answer, Buffer.from('no options here, only words')));
    else if (prelogin === 'http') stream.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    else if (prelogin !== 'silent') stream.write(preloginAnswer(prelogin));
  } else if (type === packetTypes.login7) {
    const { login } = script;
    if (login === 'cut') socket.destroy();
    else if (login === undefined) stream.write(packet(packetTypes.answer, Buffer.concat([loginAck(), done()])));
    else if (login !== 'silent')
      stream.write(packet(packetTypes.answer, Buffer.concat([errorToken(login), done(true)])));
  } else {
    const answer = type === packetTypes.bulk ? rowsHeard(script, heard, payload) : textHeard(script, heard, payload);
    if (answer === 'cut') socket.destroy();
    else if (answer === 'garbage') stream.write(packet(packetTypes.answer, Buffer.from([0x7e, 1, 2, 3])));
    else if (answer !== 'hang') stream.write(packet(packetTypes.answer, tokensOf(answer)));
  }
}

function rowsHeard(script: TdsPeerScript, heard: Heard, payload: Buffer): TdsAnswer {
  const into = heard.requests.at(-1) ?? '';
  heard.bulkLoads.push({ into, payload });
  const answer = script.bulk?.(into) ?? [];
  return answer === 'deaf' ? 'hang' : answer;
}

function textHeard(script: TdsPeerScript, heard: Heard, payload: Buffer): TdsAnswer {
  const text = textsOf(payload);
  heard.requests.push(text);
  // The driver's own settings of a session.
  return /set textsize/i.test(text) ? [] : (script.answer?.(text) ?? []);
}

function tokensOf(answer: TdsResult[] | TdsError): Buffer {
  if (!Array.isArray(answer)) return Buffer.concat([errorToken(answer), done(true)]);
  return Buffer.concat([...answer.flatMap((result) => [resultTokens(result), done(false, true)]), done()]);
}

/** TLS whose handshake travels in PRELOGIN packets, both ways, until the client's first bare record. */
function tlsInsidePackets(socket: Socket, { tls }: TdsPeerScript, already: Buffer): TLSSocket {
  let bare = false;
  let pending = already;
  let outgoing: Buffer[] = [];
  const inner = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, callback) {
      if (bare) socket.write(chunk);
      else {
        // One message a flight, however many pieces TLS makes of it.
        if (outgoing.length === 0)
          setImmediate(() => socket.write(packet(packetTypes.prelogin, Buffer.concat(outgoing.splice(0)))));
        outgoing.push(chunk);
      }
      callback();
    },
  });
  const onData = (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (!bare && pending.length >= 8) {
      if (pending[0] !== packetTypes.prelogin) {
        bare = true;
        break;
      }
      const lengthBytes = pending.readUInt16BE(2);
      if (pending.length < lengthBytes) return;
      inner.push(pending.subarray(8, lengthBytes));
      pending = pending.subarray(lengthBytes);
    }
    if (bare && pending.length > 0) {
      inner.push(pending);
      pending = Buffer.alloc(0);
    }
  };
  socket.on('data', onData);
  socket.on('close', () => inner.destroy());
  outgoing = [];
  const secure = new TLSSocket(inner, { isServer: true, cert: tls?.certificatePem ?? '', key: tls?.keyPem ?? '' });
  secure.on('error', () => socket.destroy());
  return secure;
}
