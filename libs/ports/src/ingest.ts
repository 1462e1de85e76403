import type { Unsubscribe } from './bus.ts';

/** What a telemetry port is for. */
export type TelemetryKind = 'syslog' | 'trap' | 'flow';

/** One datagram as it came from the kernel. */
export interface Datagram {
  kind: TelemetryKind;
  sourceAddress: string;
  sourcePort: number;
  /** The port it was sent to. */
  localPort: number;
  /** Wall clock at reception, ms since 1970. */
  receivedAtMs: number;
  bytes: Uint8Array;
}

/**
 * Datagrams of one socket that the receiver framed itself, as INGEST keeps them (`core/frame`: sender, ports, stamp and
 * octets of each stand behind one another, `decodeFrame` reads them, `sieveFrame` leaves some out). The bytes are the listener's to keep.
 */
export interface ReceivedFrame {
  kind: TelemetryKind;
  bytes: Uint8Array;
  /** How many are in it; at least one. */
  datagrams: number;
}

/** What a receiver hands on: datagrams one by one, or a frame of them. */
export type Received = Datagram[] | ReceivedFrame;

/** What a receiver of connections asks about its senders; one of datagrams does not ask. */
export interface SenderRules {
  /** Whether the source may connect; it is counted when not. */
  allows(source: string): boolean;
  /** After messages of the source were handed on: for how many ms nothing more should be read from it; 0: go on. */
  holdBackMs(source: string, messages: number): number;
  /** A connection of the source was closed. */
  refused(source: string, reason: 'connections' | 'stream' | 'tls'): void;
}

export interface ListenRequest {
  kind: TelemetryKind;
  /** By default `udp`. */
  transport?: 'udp' | 'tcp' | 'tls';
  /** The address is on this host at times only (a virtual one): when it is not, that is no fault. */
  transient?: boolean;
  /** For connections. */
  senders?: SenderRules;
  address: string;
  port: number;
  /** Asked of the kernel, in bytes; what it gave is reported. */
  receiveBufferBytes: number;
}

export interface Listening {
  /** What the kernel gave of the receive buffer that was asked for. */
  receiveBufferBytes: number;
  /** Sends a datagram from this socket. What the network does not take is lost; never throws. */
  send?(bytes: Uint8Array, to: { address: string; port: number }): void;
  /** How many senders are connected; of a socket of datagrams not known. */
  connections?(): number;
  /**
   * Tells everybody who is connected to one of these addresses of this host (null: to any) that this end says no more, and goes on reading
   * until they have ended, too: whoever heeds it connects anew for what comes next. Nobody new is answered there; where the kernel
   * cannot be told so, whoever connects is told the same. Resolves when nobody of them is connected any more, or with `stay`.
   */
  leave?(addresses: readonly string[] | null): Promise<void>;
  /** Who connects from now on may stay. */
  stay?(): void;
  close: Unsubscribe;
}

/** The sockets. Receives in both roles; never decodes, never throws. */
export interface Receiver {
  /**
   * Throws `HS_PORT_IN_USE`, `HS_PORT_FORBIDDEN` or `HS_ADDRESS_UNAVAILABLE` when the port cannot be had. `onLost` tells
   * why a socket that worked is gone; the caller listens again.
   * Closing hands on what the receiver had gathered, before `close` returns.
   */
  listen(
    request: ListenRequest,
    onReceived: (received: Received) => void,
    onLost: (reason: string) => void,
  ): Promise<Listening>;
  /** Datagrams that the kernel dropped since start because a buffer was full. */
  kernelDrops(): Promise<number>;
  /** What the kernel, or the receiver itself, holds and has not handed on yet; 0 where it does not tell. */
  unreadBytes(): Promise<number>;
  /** Resolves when everything that had arrived at the call is handed on, what the receiver gathers included. */
  handOn?(): Promise<void>;
  /** By which means datagrams are received; `note` says why it is not the best one. */
  means?(): { name: string; note: string | null };
}

/** A message of the INGEST stream: an encoded frame of datagrams (`core/frame`). */
export interface IngestMessage {
  /** Under which it was appended: its name for ever, in every copy of the stream. */
  id: string;
  /** Its place in the stream; the same in a copy. */
  sequence: number;
  frame: Uint8Array;
  /** Settled: never delivered again to this consumer. Holds nothing of the message: it may be kept without it. */
  readonly ack: () => void;
  /** Not stored now: deliver it again after `delayMs`. Holds nothing of the message, either. */
  readonly retry: (delayMs: number) => void;
}

export type ReadMessage = Omit<IngestMessage, 'ack' | 'retry'>;

export interface IngestBounds {
  maxBytes: number;
  maxAgeMs: number;
}

/** What can be read of INGEST: the node's own, or its copy of the peer's. */
export interface IngestReader {
  /**
   * Reads batches of messages with the named durable consumer, made at first use from `from`. Replicas that use the same
   * name share the messages. Ends with `signal`.
   */
  consume(
    consumer: { name: string; from: { startTimeMs: number } | 'first' },
    limits: { maxMessages: number; maxBytes: number },
    handler: (batch: IngestMessage[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Reads everything from the given time on, and what comes after, without settling anything (templates are learned from
   * it). Ends with `signal`.
   */
  watch(
    from: { startTimeMs: number } | 'end',
    handler: (message: Omit<IngestMessage, 'ack' | 'retry'>) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Messages that are there now, from a time or a number on, about as many, or as came within some seconds (at least one of those that
   * there are; else it throws; none where none are wanted). Settles nothing. `end`: there were no more.
   * `lastSequence`: of the newest that there was before it was read; 0: none ever. `keptSinceMs`: wall clock from which on everything is kept; null: there was nothing ever.
   */
  read(
    from: { startTimeMs: number } | { sequence: number },
    most: { messages: number; bytes: number },
  ): Promise<{ messages: ReadMessage[]; end: boolean; lastSequence: number; keptSinceMs: number | null }>;
  /** Consumers of earlier tenures: all but that of this name, and those whose name goes on from it with a `-`. */
  forgetConsumers(keep: string): Promise<void>;
  /** How many messages the consumer has yet to see or settle. */
  backlog(consumer: string): Promise<number>;
  /**
   * Everything that reached the stream before this wall-clock time (ms since 1970) is settled. Null: no such consumer.
   */
  settledBeforeMs(consumer: string): Promise<number | null>;
  /**
   * Where the consumer stands in the stream: what lies between the last message handed over and the first one kept fell
   * out at the stream's bounds unseen. Null: no such consumer.
   */
  position(consumer: string): Promise<{ firstKeptSequence: number; handedOverSequence: number } | null>;
}

/** INGEST: the node's own durable queue of what it received, in both roles. */
export interface Ingest extends IngestReader {
  /** Makes the stream, or changes its bounds. */
  open(bounds: IngestBounds): Promise<void>;
  /**
   * Resolves when the frame is on disk; rejects when that is not known (no answer, no server). The same `id` again within
   * the stream's duplicate window (two minutes) is the same message, so whoever does not know appends again.
   */
  append(frame: Uint8Array, id: string): Promise<void>;
}

/** The copy of the peer's INGEST that the node's own server keeps: what the peer received, as long as it is connected. */
export interface IngestCopy extends IngestReader {
  /** Makes the copy, or changes its bounds. The server then follows the peer's by itself, also after an outage. */
  open(bounds: IngestBounds): Promise<void>;
}
