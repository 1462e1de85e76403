import type { Socket } from 'node:net';
import { SyslogStream } from '@hotstandby/decoders';
import { bareAddress } from './bare-address.ts';
import type { Cancel, Clock, Datagram, ListenRequest, SenderRules } from '@hotstandby/ports';

/** How long a connection may take for what. */
export interface Patience {
  /** From its beginning to the first octet. */
  firstOctetMs: number;
  /** From the first octet of a message to its last. */
  messageMs: number;
  /** Between two octets, outside of messages. */
  idleMs: number;
}

interface Parts {
  socket: Socket;
  source: { address: string; port: number };
  request: ListenRequest;
  senders: SenderRules;
  clock: Clock;
  maxMessageBytes: number;
  patience: Patience;
  onDatagrams: (datagrams: Datagram[]) => void;
}

/** Asked to wait for longer, a sender is asked again. */
const longestHoldMs = 5000;

/** One sender's connection: octets in, messages out, as if each had been a datagram. */
export class Connection {
  readonly #parts: Parts;
  readonly #stream: SyslogStream;
  readonly #beganMs: number;
  #heardAtMs: number | null = null;
  #messageBeganMs: number | null = null;
  #cancelHold: Cancel | null = null;
  readonly #localAddress: string;
  #ended = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#stream = new SyslogStream(parts.maxMessageBytes);
    this.#beganMs = parts.clock.monotonicMs();
    const { socket } = parts;
    this.#localAddress = bareAddress(socket.localAddress);
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    // Whatever ends it, `close` comes behind.
    socket.on('error', () => {});
    socket.on('close', () => this.#end());
  }

  /** Whether it has used up somebody's patience. Who is held back is not to blame. */
  isOverdue(nowMs: number): boolean {
    const { firstOctetMs, messageMs, idleMs } = this.#parts.patience;
    if (this.#cancelHold) return false;
    if (this.#heardAtMs === null) return nowMs - this.#beganMs > firstOctetMs;
    if (this.#messageBeganMs !== null) return nowMs - this.#messageBeganMs > messageMs;
    return nowMs - this.#heardAtMs > idleMs;
  }

  /** Says that this end is through, and reads on to the other one's end: octets that it has sent already are on their way. */
  leave(): void {
    this.#parts.socket.end();
  }

  /** Of this host, as the sender knows it. */
  get localAddress(): string {
    return this.#localAddress;
  }

  /** What came of a last message is handed on. */
  close(): void {
    this.#end();
    this.#parts.socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    if (this.#ended) return;
    const { clock, senders, source } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#heardAtMs = nowMs;
    const messages = this.#stream.push(chunk);
    this.#handOn(messages);
    if (!this.#stream.inMessage) this.#messageBeganMs = null;
    else if (messages.length > 0 || this.#messageBeganMs === null) this.#messageBeganMs = nowMs;
    if (this.#stream.fault !== null) {
      senders.refused(source.address, 'stream');
      this.close();
      return;
    }
    this.#holdBack(messages.length);
  }

  #handOn(messages: Uint8Array[]): void {
    if (messages.length === 0) return;
    const { request, source, clock, onDatagrams } = this.#parts;
    const receivedAtMs = clock.wallMs();
    onDatagrams(
      messages.map((bytes) => ({
        kind: request.kind,
        sourceAddress: source.address,
        sourcePort: source.port,
        localPort: request.port,
        receivedAtMs,
        bytes,
      })),
    );
  }

  /** TCP itself then makes the sender wait: nothing is read, and soon nothing more is taken from the wire. */
  #holdBack(messages: number): void {
    const { clock, senders, source, socket } = this.#parts;
    const holdMs = Math.min(longestHoldMs, senders.holdBackMs(source.address, messages));
    if (holdMs > 0) {
      socket.pause();
      this.#cancelHold = clock.after(holdMs, () => this.#holdBack(0));
    } else if (this.#cancelHold) {
      this.#cancelHold = null;
      const nowMs = clock.monotonicMs();
      this.#heardAtMs = nowMs;
      if (this.#messageBeganMs !== null) this.#messageBeganMs = nowMs;
      socket.resume();
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelHold?.();
    const rest = this.#stream.end();
    if (rest) this.#handOn([rest]);
  }
}
