/** What a decoder is told about a datagram beside its bytes. */
export interface DatagramContext {
  sourceAddress: string;
  /** Wall clock at reception, ms since 1970. */
  receivedAtMs: number;
}

/**
 * What holds for every record, so that a store needs no checks of its own:
 * - No text holds NUL or a lone surrogate. Bytes that are not UTF-8, and NUL inside a text, become U+FFFD.
 * - Times are whole ms from 1970 to the end of the year 9999, or null.
 * - `extra`, `structuredData` and `varbinds` are plain JSON values; integers beyond 2^53 - 1 are decimal strings there.
 * - `malformed` says what is wrong, in words; then, and only then, `raw` holds the datagram as it came (a view, not a copy).
 */

/** A syslog message (RFC 5424, RFC 3164), as a row of `syslog_message`. */
export interface SyslogRecord {
  receivedAtMs: number;
  sourceAddress: string;
  /** `rfc5424`, `rfc3164` or `raw`: what did not parse is kept as it came, marked. */
  format: 'rfc5424' | 'rfc3164' | 'raw';
  /** 0..23; null without a PRI. */
  facility: number | null;
  /** 0 (emergency) .. 7 (debug); null without a PRI. */
  severity: number | null;
  timestampMs: number | null;
  hostname: string | null;
  appName: string | null;
  procId: string | null;
  msgId: string | null;
  /**
   * SD-ID to parameters. A parameter that came more than once (RFC 5424 section 6.3.3) has a list of its values. RFC 3164 has
   * none, but a Cisco sequence number is `meta.sequenceId`, a clock that is marked as not set `timeQuality.isSynced` = `0`.
   */
  structuredData: Record<string, Record<string, string | string[]>> | null;
  /** Line ends and NUL at the end are dropped. */
  message: string;
  malformed: string | null;
  raw: Uint8Array | null;
}

/** One variable of a notification. */
export interface Varbind {
  /** Dotted decimal, no leading dot. */
  oid: string;
  /** The name in the SMI: `INTEGER`, `OCTET STRING`, `OBJECT IDENTIFIER`, `TimeTicks`, `Counter64`, `noSuchObject`, ... */
  type: string;
  /** Number, or decimal string beyond 2^53 - 1; text; dotted OID or address; `{ hex }` for octets that are no printable text. */
  value: unknown;
}

/** An SNMP notification, as a row of `snmp_trap`. */
export interface TrapRecord {
  receivedAtMs: number;
  sourceAddress: string;
  version: '1' | '2c' | '3' | null;
  /** Version 3: the name of the user. */
  community: string | null;
  /** snmpTrapOID; for version 1 made from generic and specific trap (RFC 3584 section 3.1). Dotted decimal. */
  trapOid: string | null;
  /** Version 1: the enterprise field; version 2c: snmpTrapEnterprise.0 where it was sent. */
  enterprise: string | null;
  /** Version 1: the agent-addr field; version 2c: snmpTrapAddress.0 where it was sent. */
  agentAddress: string | null;
  /** Hundredths of a second since the agent started, 0..2^32 - 1. */
  uptimeTicks: number | null;
  /**
   * Without the leading sysUpTime.0 and snmpTrapOID.0 of version 2c and 3, which are fields of their own here. Version 3 has
   * snmpEngineID.0, snmpEngineBoots.0 and snmpEngineTime.0 of the sender behind them, and the name of a context, if any.
   */
  varbinds: Varbind[];
  malformed: string | null;
  raw: Uint8Array | null;
}

/** One flow or sFlow sample, as a row of `flow_record`. A value that does not fit its field is in `extra` under its IANA name instead. */
export interface FlowRecord {
  receivedAtMs: number;
  exporter: string;
  /** NetFlow's, 10: IPFIX, 105: sFlow version 5. */
  version: 5 | 9 | 10 | 105 | null;
  /** 0..2^32 - 1: observation domain (IPFIX), source id (v9), engine type * 256 + engine id (v5), sub-agent (sFlow). */
  observationDomain: number | null;
  sourceAddress: string | null;
  destinationAddress: string | null;
  /** 0..65535. */
  sourcePort: number | null;
  /** 0..65535. */
  destinationPort: number | null;
  /** 0..255. */
  protocol: number | null;
  /** 0..2^63 - 1. As sent: neither NetFlow nor sFlow is multiplied by `extra.samplingInterval`. */
  packets: bigint | null;
  /** 0..2^63 - 1. */
  octets: bigint | null;
  startMs: number | null;
  endMs: number | null;
  /** 0..2^32 - 1. */
  inputInterface: number | null;
  /** 0..2^32 - 1. */
  outputInterface: number | null;
  /** 0..65535. */
  tcpFlags: number | null;
  /** 0..255. */
  tos: number | null;
  /**
   * Everything else the exporter sent, by IANA name, or `enterprise.number` with the octets in hex when it is unknown.
   * The second of two equal fields in a record has `#2` behind its name, and so on.
   */
  extra: Record<string, unknown> | null;
  malformed: string | null;
  raw: Uint8Array | null;
}
