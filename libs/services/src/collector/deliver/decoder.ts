import type { FlowColumns, FlowRecord, SyslogColumns, SyslogRecord, TrapRecord } from '@hotstandby/decoders';
import type { Datagram } from '@hotstandby/ports';

/** Records of one or more datagrams. */
export interface Records {
  syslog: SyslogRecord[];
  traps: TrapRecord[];
  flows: FlowRecord[];
  /** Where flows go that columns hold whole; null: every flow is wanted as a record. */
  columns: FlowColumns | null;
  /** Where messages of syslog go that these hold whole; null: every message is wanted as a record. */
  syslogColumns: SyslogColumns | null;
}

/** Datagrams to records, with what is remembered between them (flow templates). */
export interface DatagramDecoder {
  /**
   * Adds the records of a datagram; false: it waits for a template, and nothing was added. `final`: it has waited long
   * enough, and what lacks its template is added raw. Never throws.
   */
  decode(datagram: Datagram, into: Records, final: boolean): boolean;
  /** The octets by which both copies of a dual-fed datagram are known: its own, or what is alike under a cipher. */
  alike(datagram: Datagram): Uint8Array;
  /** Changes whenever a template was learned. */
  version(): number;
}
