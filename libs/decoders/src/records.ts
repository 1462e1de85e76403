/** What a decoder is told about a datagram beside its bytes. */
export interface DatagramContext {
  sourceAddress: string;
  /** Wall clock at reception, ms since 1970. */
  receivedAtMs: number;
}

/** A syslog message (RFC 5424, RFC 3164), as a row of `syslog_message`. */
export interface SyslogRecord {
  receivedAtMs: number;
  sourceAddress: string;
  /** `rfc5424`, `rfc3164` or `raw`: what did not parse is kept as it came, marked. */
  format: 'rfc5424' | 'rfc3164' | 'raw';
  facility: number | null;
  severity: number | null;
  timestampMs: number | null;
  hostname: string | null;
  appName: string | null;
  procId: string | null;
  msgId: string | null;
  structuredData: Record<string, Record<string, string>> | null;
  message: string;
  malformed: string | null;
  raw: Uint8Array | null;
}

/** An SNMP notification, as a row of `snmp_trap`. */
export interface TrapRecord {
  receivedAtMs: number;
  sourceAddress: string;
  version: '1' | '2c' | null;
  community: string | null;
  trapOid: string | null;
  enterprise: string | null;
  agentAddress: string | null;
  uptimeTicks: number | null;
  varbinds: { oid: string; type: string; value: unknown }[];
  malformed: string | null;
  raw: Uint8Array | null;
}

/** One flow, as a row of `flow_record`. */
export interface FlowRecord {
  receivedAtMs: number;
  exporter: string;
  version: 5 | 9 | 10 | null;
  observationDomain: number | null;
  sourceAddress: string | null;
  destinationAddress: string | null;
  sourcePort: number | null;
  destinationPort: number | null;
  protocol: number | null;
  packets: bigint | null;
  octets: bigint | null;
  startMs: number | null;
  endMs: number | null;
  inputInterface: number | null;
  outputInterface: number | null;
  tcpFlags: number | null;
  tos: number | null;
  /** Everything else the exporter sent, by IANA name, or `enterprise.number` when unknown. */
  extra: Record<string, unknown> | null;
  malformed: string | null;
  raw: Uint8Array | null;
}
