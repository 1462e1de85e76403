import type { FlowRecord, SyslogRecord, TrapRecord } from '@hotstandby/decoders';
import type { Datagram } from './ingest.ts';

/** A datagram that is to be delivered, and what was read in it. */
export interface DeliveredDatagram {
  datagram: Datagram;
  /** By which both copies of a dual-fed datagram are known (64 bits); null where one address is fed. */
  digest: bigint | null;
  syslog: readonly SyslogRecord[];
  traps: readonly TrapRecord[];
  flows: readonly FlowRecord[];
}

/** What a message of INGEST brings to a sink. */
export interface SinkMessage {
  /** Its name for ever, in every copy of the stream. */
  messageId: string;
  /** The reign under which it is delivered. */
  epoch: number;
  datagrams: readonly DeliveredDatagram[];
}

/** What a sink made of a message; only the sink that made it can read it. */
export interface SinkItem {
  readonly messageId: string;
}

/**
 * Where telemetry goes beside the store. No sink shares a transaction with it: what was on its way when a process or a node died
 * comes again, so each delivers at least once. Inert until first used.
 */
export interface TelemetrySink {
  /** For people: what kind it is, and where it leads. */
  readonly name: string;
  /** False: it takes datagrams as they came, and needs no flow as a record. */
  readonly readsFlows: boolean;
  /** The same of syslog. */
  readonly readsSyslog: boolean;
  /** At once, so that the records need not be kept; null: there is nothing for this sink in it. Never throws. */
  stage(message: SinkMessage): SinkItem | null;
  /** Resolves when they are there, in their order. Rejects when that is not known: they come again. */
  deliver(items: readonly SinkItem[]): Promise<void>;
  /** What it cannot do as it was configured, in words, while it delivers all the same; null: nothing. */
  limitation?(): string | null;
  close(): Promise<void>;
}
