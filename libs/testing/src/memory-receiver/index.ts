import { encodeFrame } from '@hotstandby/core/frame';
import type { Clock, Listening, ListenRequest, Received, Receiver } from '@hotstandby/ports';

/** Sockets inside one process, for unit tests: `send` brings a datagram to whoever listens. */
export class MemoryReceiver implements Receiver {
  readonly #clock: Clock;
  readonly #open = new Map<number, { request: ListenRequest; hand: (received: Received) => void }>();
  readonly #framed: boolean;
  /** Ports that cannot be had, with the error that says so. */
  readonly refused = new Map<number, Error>();
  drops = 0;
  /** Whom `leave` has sent away, until `stay`. */
  leaving: { addresses: readonly string[] | null } | null = null;
  /** Resolves when those who are sent away have gone. */
  gone: Promise<void> = Promise.resolve();
  /** What was sent from the sockets. */
  readonly sent: { bytes: Uint8Array; address: string; port: number }[] = [];

  /** `framed`: hands on frames, as the native receiver does. */
  constructor(clock: Clock, { framed = false } = {}) {
    this.#clock = clock;
    this.#framed = framed;
  }

  async listen(request: ListenRequest, onReceived: (received: Received) => void): Promise<Listening> {
    const error = this.refused.get(request.port);
    if (error) throw error;
    this.#open.set(request.port, { request, hand: onReceived });
    return {
      receiveBufferBytes: request.receiveBufferBytes,
      send: (bytes, to) => void this.sent.push({ bytes, ...to }),
      leave: (addresses) => {
        this.leaving = { addresses };
        return this.gone;
      },
      stay: () => void (this.leaving = null),
      close: () => void this.#open.delete(request.port),
    };
  }

  async kernelDrops(): Promise<number> {
    return this.drops;
  }

  async unreadBytes(): Promise<number> {
    return 0;
  }

  ports(): number[] {
    return [...this.#open.keys()];
  }

  send(port: number, ...payloads: (string | Uint8Array)[]): void {
    this.sendFrom('192.0.2.7', port, ...payloads);
  }

  sendFrom(sourceAddress: string, port: number, ...payloads: (string | Uint8Array)[]): void {
    const listening = this.#open.get(port);
    if (!listening) return;
    const { kind } = listening.request;
    const datagrams = payloads.map((payload) => ({
      kind,
      sourceAddress,
      sourcePort: 40_000,
      localPort: port,
      receivedAtMs: this.#clock.wallMs(),
      bytes: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload,
    }));
    listening.hand(this.#framed ? { kind, bytes: encodeFrame(datagrams), datagrams: datagrams.length } : datagrams);
  }
}
