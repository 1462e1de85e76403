import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Datagram, Logger, SinkItem, SinkMessage, TelemetryKind, TelemetrySink } from '@hotstandby/ports';
import { OriginalSource, originalSourceLack } from './original-source.ts';
import { proxyHeader } from './proxy-header.ts';

export interface ForwardSinkOptions {
  /** The monitoring software. */
  to: { address: string; port: number };
  kinds: readonly TelemetryKind[];
  /**
   * `original`: each datagram goes under the address and port that it came from, and where it cannot, as with `header`: with a PROXY
   * header (version 2) in front that tells them. `none`: as it came, from this host.
   */
  source: 'original' | 'header' | 'none';
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

const lackText = (name: string, why: string): string =>
  `${name}: original source addresses are in a PROXY header instead: ${why} (HS_FORWARD_SOURCE)`;

/**
 * Datagrams as they came, to other software. What the network does not take is lost, as on any way of UDP; a receiver that is
 * away holds up nothing.
 */
export class ForwardSink implements TelemetrySink {
  readonly name: string;
  readonly readsFlows = false;
  readonly readsSyslog = false;
  readonly #options: ForwardSinkOptions;
  #socket: Promise<Socket> | null = null;
  /** Null: not tried yet; in words: why not. */
  #original: OriginalSource | string | null = null;
  #lack: string | null | undefined;
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
    const original = this.#openOriginal();
    const socket = await (this.#socket ??= this.#open());
    for (let from = 0; from < all.length; from += atOnce) {
      const some = all.slice(from, from + atOnce);
      if (!original) {
        await Promise.all(some.map((datagram) => this.#send(socket, datagram)));
        continue;
      }
      for (const datagram of some) {
        if (original.keeps(datagram.sourceAddress)) await this.#sendOriginal(original, datagram);
        else await this.#send(socket, datagram);
      }
      await turn();
    }
  }

  /** Of a sink that shall keep original addresses and may not. */
  limitation(): string | null {
    if (this.#options.source !== 'original') return null;
    this.#lack ??= originalSourceLack(this.#options.to);
    return this.#lack === null ? null : lackText(this.name, this.#lack);
  }

  async close(): Promise<void> {
    const socket = await this.#socket?.catch(() => null);
    socket?.close();
    this.#socket = null;
    if (this.#original instanceof OriginalSource) this.#original.close();
    this.#original = null;
  }

  #openOriginal(): OriginalSource | null {
    const { source, to, log } = this.#options;
    if (source !== 'original') return null;
    if (this.#original === null) {
      this.#original = OriginalSource.open(to);
      if (typeof this.#original === 'string') log.warn(lackText(this.name, this.#original));
    }
    return this.#original instanceof OriginalSource ? this.#original : null;
  }

  async #sendOriginal(original: OriginalSource, datagram: Datagram): Promise<void> {
    for (let attempt = 0; attempt < mostTries; attempt++) {
      const error = original.send(datagram);
      if (error === null) return this.#worked();
      if (!fullBuffer.has(error)) return this.#failed(new Error(error));
      await sleep(pauseMs);
    }
  }

  async #send(socket: Socket, datagram: Datagram): Promise<void> {
    const { to, source } = this.#options;
    const parts = source !== 'none' ? [proxyHeader(datagram, to), datagram.bytes] : [datagram.bytes];
    for (let attempt = 0; attempt < mostTries; attempt++) {
      const error = await new Promise<NodeJS.ErrnoException | null>((resolve) =>
        socket.send(parts, to.port, to.address, (failed) => resolve(failed)),
      );
      if (!error) return this.#worked();
      if (!fullBuffer.has(error.code ?? '')) return this.#failed(error);
      await sleep(pauseMs);
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
