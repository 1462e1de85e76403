import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Datagram, Logger, SinkItem, SinkMessage, TelemetryKind, TelemetrySink } from '@hotstandby/ports';
import { proxyHeader } from './proxy-header.ts';

export interface ForwardSinkOptions {
  /** The monitoring software. */
  to: { address: string; port: number };
  kinds: readonly TelemetryKind[];
  /** `header`: each datagram has a PROXY header (version 2) in front that tells where it came from. `none`: as it came. */
  source: 'header' | 'none';
  /** This host's address that they come from. */
  bindAddress?: string;
  log: Logger;
}

class Datagrams implements SinkItem {
  readonly messageId: string;
  readonly list: readonly Datagram[];

  constructor(messageId: string, list: readonly Datagram[]) {
    this.messageId = messageId;
    this.list = list;
  }
}

/** Handed to the kernel at a time; it takes more than a socket's buffer holds otherwise. */
const atOnce = 64;
/** A full buffer is waited for. */
const fullBuffer = new Set(['ENOBUFS', 'EAGAIN', 'ENOMEM']);
const pauseMs = 2;
const mostTries = 500;

/**
 * Datagrams as they came, to other software. What the network does not take is lost, as on any way of UDP; a receiver that is
 * away holds up nothing.
 */
export class ForwardSink implements TelemetrySink {
  readonly name: string;
  readonly readsFlows = false;
  readonly #options: ForwardSinkOptions;
  #socket: Promise<Socket> | null = null;
  #refused = false;

  constructor(options: ForwardSinkOptions) {
    this.name = `forward to ${options.to.address} port ${options.to.port}`;
    this.#options = options;
  }

  stage(message: SinkMessage): SinkItem | null {
    const list = message.datagrams
      .map(({ datagram }) => datagram)
      .filter(({ kind }) => this.#options.kinds.includes(kind));
    return list.length === 0 ? null : new Datagrams(message.messageId, list);
  }

  async deliver(items: readonly SinkItem[]): Promise<void> {
    const all = items.filter((item) => item instanceof Datagrams).flatMap(({ list }) => list);
    const socket = await (this.#socket ??= this.#open());
    for (let from = 0; from < all.length; from += atOnce) {
      await Promise.all(all.slice(from, from + atOnce).map((datagram) => this.#send(socket, datagram)));
    }
  }

  async close(): Promise<void> {
    const socket = await this.#socket?.catch(() => null);
    socket?.close();
    this.#socket = null;
  }

  async #send(socket: Socket, datagram: Datagram): Promise<void> {
    const { to, source } = this.#options;
    const parts = source === 'header' ? [proxyHeader(datagram, to), datagram.bytes] : [datagram.bytes];
    for (let attempt = 0; attempt < mostTries; attempt++) {
      const error = await new Promise<NodeJS.ErrnoException | null>((resolve) =>
        socket.send(parts, to.port, to.address, (failed) => resolve(failed)),
      );
      if (!error) return this.#worked();
      if (!fullBuffer.has(error.code ?? '')) return this.#failed(error);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Too long with its header, no way there, nobody listening: the next one may do. */
  #failed(error: Error): void {
    if (!this.#refused) this.#options.log.warn(`${this.name}: a datagram was not taken`, { error: error.message });
    this.#refused = true;
  }

  #worked(): void {
    this.#refused = false;
  }

  #open(): Promise<Socket> {
    const { to, bindAddress, log } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: isIPv6(to.address) ? 'udp6' : 'udp4', sendBufferSize: 4 * 1024 * 1024 });
      socket.once('error', (error) => {
        this.#socket = null;
        reject(error);
      });
      // An address of the other family leads nowhere; the kernel then takes the one that the route has.
      const from = bindAddress !== undefined && isIPv6(bindAddress) === isIPv6(to.address) ? bindAddress : undefined;
      socket.bind(0, from, () => {
        socket.removeAllListeners('error');
        socket.on('error', (error) => log.debug(`${this.name}: the socket says`, { error: String(error) }));
        resolve(socket);
      });
    });
  }
}
