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

export interface ListenRequest {
  kind: TelemetryKind;
  address: string;
  port: number;
  /** Asked of the kernel, in bytes; what it gave is reported. */
  receiveBufferBytes: number;
}

/** The sockets. Receives in both roles; never decodes, never throws. */
export interface Receiver {
  /** Throws with a code of the system (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`) when the port cannot be had. */
  listen(request: ListenRequest, onDatagrams: (datagrams: Datagram[]) => void): Promise<Unsubscribe>;
  /** Datagrams that the kernel dropped since start because a buffer was full. */
  kernelDrops(): Promise<number>;
}

/** A message of the INGEST stream: an encoded frame of datagrams (`core/frame`). */
export interface IngestMessage {
  /** Its place in this node's stream. */
  sequence: number;
  frame: Uint8Array;
  /** Settled: never delivered again to this consumer. */
  ack(): void;
  /** Not stored now: deliver it again after `delayMs`. */
  retry(delayMs: number): void;
}

export interface IngestBounds {
  maxBytes: number;
  maxAgeMs: number;
}

/** INGEST: the node's own durable queue of what it received, in both roles. */
export interface Ingest {
  /** Makes the stream, or changes its bounds. Returns the stream's identity: it changes when the stream was made anew. */
  open(bounds: IngestBounds): Promise<{ streamId: string }>;
  /** Resolves when the frame is on disk. */
  append(frame: Uint8Array): Promise<void>;
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
  /** Reads everything from the end on, without settling anything (a standby learns templates from it). Ends with `signal`. */
  watch(handler: (message: Omit<IngestMessage, 'ack' | 'retry'>) => void, signal: AbortSignal): Promise<void>;
  /** Consumers of earlier tenures. */
  forgetConsumers(keep: string): Promise<void>;
  /** How many messages the consumer has yet to see or settle. */
  backlog(consumer: string): Promise<number>;
}
