import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock, Datagram, ListenRequest, Listening, Logger, Receiver } from '@hotstandby/ports';
import { bindError } from './bind-error.ts';
import { KernelSockets } from './kernel-sockets.ts';
import { sourceAddress } from './source-address.ts';

/** Sockets over node:dgram. On Linux replicas share a port: the kernel spreads the senders over them. */
export class DgramReceiver implements Receiver {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #kernel = new KernelSockets();
  readonly #note: string | null;

  /** `note`: why it is used although there would be a faster one. */
  constructor(parts: { clock: Clock; log: Logger; note?: string }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#note = parts.note ?? null;
  }

  async listen(
    request: ListenRequest,
    onDatagrams: (datagrams: Datagram[]) => void,
    onLost: (reason: string) => void,
  ): Promise<Listening> {
    const socket = createSocket({
      type: isIPv6(request.address) ? 'udp6' : 'udp4',
      reusePort: process.platform === 'linux',
    });
    await bind(socket, request);
    this.#collect(socket, request, onDatagrams);

    let open = true;
    const close = () => {
      if (!open) return;
      open = false;
      socket.close();
    };
    socket.on('error', (error) => {
      if (!open) return;
      close();
      onLost(error.message);
    });
    const send: Listening['send'] = (bytes, { address, port }) => {
      // A socket of both families wants an IPv4 address as it gave it.
      const to = isIPv6(request.address) && !isIPv6(address) ? `::ffff:${address}` : address;
      if (open) socket.send(bytes, port, to, () => {});
    };
    return { receiveBufferBytes: enlarge(socket, request.receiveBufferBytes), send, close };
  }

  means(): { name: string; note: string | null } {
    return { name: 'dgram', note: this.#note };
  }

  async kernelDrops(): Promise<number> {
    return this.#kernel.drops();
  }

  async unreadBytes(): Promise<number> {
    return this.#kernel.unreadBytes();
  }

  /** Hands on together what one turn of the event loop took from the socket. */
  #collect(socket: Socket, request: ListenRequest, onDatagrams: (datagrams: Datagram[]) => void): void {
    const { kind, port: localPort } = request;
    let batch: Datagram[] = [];
    const handOn = () => {
      const full = batch;
      batch = [];
      try {
        onDatagrams(full);
      } catch (error) {
        this.#log.error('received datagrams were not taken', { kind, count: full.length, error: String(error) });
      }
    };
    socket.on('message', (bytes, from) => {
      if (batch.length === 0) setImmediate(handOn);
      const receivedAtMs = this.#clock.wallMs();
      batch.push({
        kind,
        sourceAddress: sourceAddress(from.address),
        sourcePort: from.port,
        localPort,
        receivedAtMs,
        bytes,
      });
    });
  }
}

function bind(socket: Socket, request: ListenRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      socket.close();
      reject(bindError(error, request));
    };
    socket.once('error', fail);
    socket.bind({ port: request.port, address: request.address, exclusive: true }, () => {
      socket.off('error', fail);
      resolve();
    });
  });
}

/** What the kernel gave: it doubles the wish for its own use, and keeps to `net.core.rmem_max`. */
function enlarge(socket: Socket, wantedBytes: number): number {
  try {
    socket.setRecvBufferSize(wantedBytes);
  } catch {
    // Not given: the default stays, and is what is reported.
  }
  return socket.getRecvBufferSize();
}
