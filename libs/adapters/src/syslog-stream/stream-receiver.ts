import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { NodeConfig } from '@hotstandby/config';
import type { Clock, Datagram, Listening, ListenRequest, Logger, Receiver, SenderRules } from '@hotstandby/ports';
import { parseIp, sameIp } from '@hotstandby/core/binding-plan';
import { bareAddress } from './bare-address.ts';
import { Connection, type Patience } from './connection.ts';
import { handshakeFilter } from './handshake-filter.ts';
import { listenError } from './listen-error.ts';
import { readTlsFiles, watchTlsFiles } from './tls-files.ts';

interface Parts {
  config: Pick<NodeConfig['collector'], 'streams' | 'tls'>;
  clock: Clock;
  log: Logger;
  /** Gives a socket a filter, or takes it off; why it cannot, in words. */
  filterSocket?: (fd: number, program: Uint8Array | null) => string | null;
  patience?: Partial<Patience>;
}

const handshakeMs = 10_000;
const lookEveryMs = 1000;
const everybody: SenderRules = { allows: () => true, holdBackMs: () => 0, refused() {} };

/**
 * Syslog over TCP (RFC 6587) and TLS (RFC 5425): every message of a connection as if it had been a datagram. How many connections
 * there may be, how long a message may be and how long a sender may take for it is bounded. On Linux replicas share a port.
 */
export class StreamReceiver implements Pick<Receiver, 'listen'> {
  readonly #parts: Parts;
  readonly #patience: Patience;
  #connections = 0;
  readonly #bySource = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
    const { idleSeconds } = parts.config.streams;
    this.#patience = { firstOctetMs: 60_000, messageMs: 30_000, idleMs: idleSeconds * 1000, ...parts.patience };
  }

  async listen(
    request: ListenRequest,
    onDatagrams: (datagrams: Datagram[]) => void,
    onLost: (reason: string) => void,
  ): Promise<Listening> {
    const { clock, log } = this.#parts;
    const senders = request.senders ?? everybody;
    const open = new Set<Connection>();
    /** Connections to which addresses are to end, and whoever waits for it. */
    let leaving: (PromiseWithResolvers<void> & { leaves: (localAddress: string) => boolean }) | null = null;
    const leavers = () => [...open].filter((one) => leaving?.leaves(one.localAddress));
    const filter = (program: Uint8Array | null) => {
      const fd = fdOf(server);
      const why = fd === null ? 'it has no descriptor' : this.#parts.filterSocket?.(fd, program);
      if (why) log.debug('the listener cannot be told whom to answer', { why });
    };
    const tellLeft = () => {
      if (leavers().length === 0) leaving?.resolve();
    };
    const begin = (socket: Socket) => {
      const connection = this.#connection(socket, request, senders, onDatagrams);
      open.add(connection);
      socket.once('close', () => {
        open.delete(connection);
        tellLeft();
      });
      if (leaving?.leaves(connection.localAddress)) connection.leave();
    };
    const leave = (addresses: readonly string[] | null): Promise<void> => {
      leaving?.resolve();
      leaving = { ...Promise.withResolvers<void>(), leaves: among(addresses) };
      // First: one that connects behind this would learn of it too late.
      filter(handshakeFilter(addresses));
      for (const connection of leavers()) connection.leave();
      tellLeft();
      return leaving.promise;
    };
    const stay = () => {
      if (!leaving) return;
      leaving.resolve();
      leaving = null;
      filter(null);
    };
    const tls = request.transport === 'tls' ? await this.#tlsServer(senders, begin) : null;
    const server = createServer((socket) => {
      if (!this.#admits(socket, senders)) return;
      if (tls) tls.accept(socket);
      else begin(socket);
    });
    try {
      await listening(server, request);
    } catch (error) {
      tls?.stop();
      throw error;
    }
    const cancelLook = clock.every(lookEveryMs, () => {
      const nowMs = clock.monotonicMs();
      for (const connection of open) if (connection.isOverdue(nowMs)) connection.close();
    });
    let isOpen = true;
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      cancelLook();
      tls?.stop();
      leaving?.resolve();
      server.close();
      for (const connection of open) connection.close();
    };
    server.on('error', (error) => {
      if (!isOpen) return;
      log.error('a listener failed', { transport: request.transport ?? 'tcp', error: error.message });
      close();
      onLost(error.message);
    });
    const { receiveBufferBytes } = request;
    return { receiveBufferBytes, connections: () => open.size, leave, stay, close };
  }

  #connection(
    socket: Socket,
    request: ListenRequest,
    senders: SenderRules,
    onDatagrams: (datagrams: Datagram[]) => void,
  ): Connection {
    const { clock, log, config } = this.#parts;
    return new Connection({
      socket,
      source: { address: sourceOf(socket), port: socket.remotePort ?? 0 },
      request,
      senders,
      clock,
      maxMessageBytes: config.streams.maxMessageBytes,
      patience: this.#patience,
      onDatagrams: (datagrams) => {
        try {
          onDatagrams(datagrams);
        } catch (error) {
          log.error('received messages were not taken', { count: datagrams.length, error: String(error) });
        }
      },
    });
  }

  /** Counts the connection until it is closed; one too many is closed at once. */
  #admits(socket: Socket, senders: SenderRules): boolean {
    // Before anything can go wrong with it.
    socket.on('error', () => {});
    const source = sourceOf(socket);
    const { maxConnections, maxConnectionsPerSource } = this.#parts.config.streams;
    const ofSource = this.#bySource.get(source) ?? 0;
    const allowed = source !== '' && senders.allows(source);
    const hasRoom = this.#connections < maxConnections && ofSource < maxConnectionsPerSource;
    if (!allowed || !hasRoom) {
      if (allowed) senders.refused(source, 'connections');
      socket.destroy();
      return false;
    }
    this.#connections += 1;
    this.#bySource.set(source, ofSource + 1);
    socket.once('close', () => {
      this.#connections -= 1;
      const left = (this.#bySource.get(source) ?? 1) - 1;
      if (left === 0) this.#bySource.delete(source);
      else this.#bySource.set(source, left);
    });
    return true;
  }

  /** Not listening itself: it is handed admitted connections. */
  async #tlsServer(
    senders: SenderRules,
    begin: (socket: TLSSocket) => void,
  ): Promise<{ accept: (socket: Socket) => void; stop: () => void }> {
    const { log, config } = this.#parts;
    const { tls } = config;
    const { clientCertificates } = tls;
    const files = await readTlsFiles(tls);
    // What is shown is judged below, so that it can be said why a connection was closed.
    const requests = { requestCert: clientCertificates !== 'none', rejectUnauthorized: false };
    const server = createTlsServer({ ...files, ...requests, handshakeTimeout: handshakeMs });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      if (isTrusted(socket, clientCertificates)) {
        shaking.delete(nameOf(socket));
        begin(socket);
        return;
      }
      log.debug('the certificate of a sender is not trusted', { why: String(socket.authorizationError ?? 'none') });
      socket.destroy();
    });
    server.on('tlsClientError', (error, socket) => {
      log.debug('a TLS handshake failed', { why: error.message });
      socket.destroy();
    });
    /** Connections on which nobody is trusted yet: a socket that is gone does not tell any more whose it was. */
    const shaking = new Map<string, string>();
    const accept = (socket: Socket) => {
      const name = nameOf(socket);
      shaking.set(name, sourceOf(socket));
      socket.once('close', () => {
        const source = shaking.get(name);
        if (shaking.delete(name) && source !== undefined) senders.refused(source, 'tls');
      });
      server.emit('connection', socket);
    };
    const stop = watchTlsFiles(tls, this.#parts, (changed) => server.setSecureContext({ ...changed, ...requests }));
    return { accept, stop };
  }
}

function isTrusted(socket: TLSSocket, wanted: 'none' | 'optional' | 'required'): boolean {
  if (wanted === 'none' || socket.authorized) return true;
  return wanted === 'optional' && Object.keys(socket.getPeerCertificate()).length === 0;
}

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** Node names no way to ask for it, and some that rely on it (`cluster`). */
function fdOf(server: Server): number | null {
  const { fd } = (server as unknown as { _handle?: { fd?: unknown } })._handle ?? {};
  return typeof fd === 'number' && fd >= 0 ? fd : null;
}

function among(addresses: readonly string[] | null): (address: string) => boolean {
  const wanted = addresses?.flatMap((address) => parseIp(address) ?? []);
  return (address) => {
    const ip = parseIp(address);
    return !wanted || (ip !== null && wanted.some((one) => sameIp(one, ip)));
  };
}

const sourceOf = ({ remoteAddress }: Socket): string => bareAddress(remoteAddress);

function listening(server: Server, request: ListenRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, request));
    server.once('error', fail);
    const { address: host, port } = request;
    server.listen({ host, port, exclusive: true, reusePort: process.platform === 'linux' }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
