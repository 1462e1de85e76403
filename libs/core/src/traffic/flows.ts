/**
 * Flows between IPv4 addresses as columns: row n of each array is one flow. What an exporter does not say is 0. Rows come in
 * runs of one exporter and time of reception each.
 */
export interface SummableFlows {
  readonly count: number;
  /** Addresses as 32 bits. */
  readonly sourceAddress: Uint32Array;
  readonly destinationAddress: Uint32Array;
  readonly inputInterface: Uint32Array;
  readonly outputInterface: Uint32Array;
  readonly packets: Float64Array;
  readonly octets: Float64Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
  readonly protocol: Uint8Array;
  readonly runs: readonly { exporter: string; receivedAtMs: number; /** The row behind its last. */ end: number }[];
}

/** Any other flow that is summed. */
export interface SummableFlow {
  exporter: string;
  receivedAtMs: number;
  sourceAddress: string | null;
  destinationAddress: string | null;
  sourcePort: number | null;
  destinationPort: number | null;
  protocol: number | null;
  packets: bigint | number | null;
  octets: bigint | number | null;
  inputInterface: number | null;
  outputInterface: number | null;
}

export interface Totals {
  flows: number;
  packets: number;
  octets: number;
}

interface OfMinute extends Totals {
  /** Its begin, ms since 1970, by the clock of the node that received the flows. */
  minuteMs: number;
  exporter: string;
}

export interface InterfaceSum extends OfMinute {
  input: number;
  output: number;
}

export interface ApplicationSum extends OfMinute {
  protocol: number;
  /** The lower of both ports; 0 for protocols without ports. */
  port: number;
}

export interface ConversationSum extends ApplicationSum {
  /** Text, or 32 bits of an IPv4 address. */
  source: string | number;
  destination: string | number;
}
