import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, createServer, type ConnectionOptions, type Server, type TLSSocket } from 'node:tls';
import type { Logger, PeerLink } from '@hotstandby/ports';
import { LineChannel } from './line-channel.ts';

export interface PeerLinkOptions {
  /** The primary listens, the secondary connects. */
  kind: 'primary' | 'secondary';
  own: { address: string };
  peer: { name: string; address: string; port: number };
  /** Folder with `ca.pem`, `leaf.pem` and `leaf-key.pem`. */
  keysDir: string;
  /** A connection on which nothing was heard for this long is made again. */
  deadMs: number;
  log: Logger;
}

const retryMs = 200;

/** Heartbeats' own connection: TLS 1.3, both ends by a certificate of the pair's authority in the other node's name. */
export class TlsPeerLink implements PeerLink {
  readonly #options: PeerLinkOptions;
  #answer: (request: unknown) => Promise<unknown> = () => Promise.reject(new Error('not open'));
  #server: Server | null = null;
  #socket: TLSSocket | null = null;
  #channel: LineChannel | null = null;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #saidAway = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
  }

  open(answer: (request: unknown) => Promise<unknown>): void {
    this.#answer = answer;
    this.#begin();
  }

  ask(request: unknown, timeoutMs: number): Promise<unknown> {
    return this.#channel?.ask(request, timeoutMs) ?? Promise.reject(new Error('no connection to the peer'));
  }

  connected(): boolean {
    return this.#channel !== null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#server?.close();
  }

  #begin(): void {
    if (this.#closed) return;
    try {
      if (this.#options.kind === 'primary') this.#listen();
      else this.#connect();
    } catch (error) {
      this.#away(error);
    }
  }

  #listen(): void {
    const { own, peer } = this.#options;
    const server = createServer({ ...this.#credentials(), requestCert: true, rejectUnauthorized: true }, (socket) => {
      if (socket.getPeerCertificate().subject?.CN === peer.name) this.#use(socket);
      else socket.destroy();
    });
    this.#server = server;
    // A stranger that cannot authenticate is its own problem.
    server.on('tlsClientError', () => {});
    server.on('error', (error) => this.#away(error));
    server.listen({ host: own.address, port: peer.port });
  }

  #connect(): void {
    const { own, peer } = this.#options;
    const { address: host, port, name: servername } = peer;
    const options: ConnectionOptions & { localAddress: string } = {
      ...this.#credentials(),
      host,
      port,
      servername,
      localAddress: own.address,
    };
    const socket = connect(options, () => this.#use(socket));
    this.#watch(socket);
    socket.on('error', (error) => {
      if (socket !== this.#socket) this.#away(error);
    });
  }

  #credentials() {
    const { keysDir } = this.#options;
    const read = (name: string) => readFileSync(join(keysDir, name));
    return { ca: read('ca.pem'), cert: read('leaf.pem'), key: read('leaf-key.pem'), minVersion: 'TLSv1.3' as const };
  }

  /** The newest connection is the one: an older one of the same peer is a leftover of a restart or a cut. */
  #use(socket: TLSSocket): void {
    const { log, peer, kind } = this.#options;
    this.#socket?.destroy();
    this.#socket = socket;
    const channel = new LineChannel(socket, this.#answer);
    this.#channel = channel;
    if (kind === 'primary') this.#watch(socket);
    log.info('connected to the peer for promises', { peer: peer.name });
    this.#saidAway = false;
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#channel !== channel) return;
      this.#channel = null;
      this.#socket = null;
      if (kind === 'primary') log.info('the connection to the peer ended', { peer: peer.name });
      else this.#away(new Error('the connection ended'));
    });
  }

  /** Both ends hear from each other at every beat of an active, so silence means a cut that TCP would notice minutes later. */
  #watch(socket: TLSSocket): void {
    socket.setTimeout(this.#options.deadMs, () => socket.destroy(new Error('nothing was heard on the connection')));
  }

  #away(error: unknown): void {
    const { log, peer } = this.#options;
    if (!this.#saidAway) log.warn('no connection to the peer for promises', { peer: peer.name, error: String(error) });
    this.#saidAway = true;
    this.#server?.close();
    this.#server = null;
    clearTimeout(this.#retry);
    if (!this.#closed) this.#retry = setTimeout(() => this.#begin(), retryMs);
  }
}
