/**
 * Flows as columns: what most IPv4 flows have, in typed arrays, row `index` of each is one flow. For whoever sums or stores
 * very many; everything else comes as `FlowRecord`. IPv4 addresses are numbers (192.0.2.1 is 0xc0000201); a time that the
 * exporter did not tell is NaN; what the template does not have is 0.
 */
export interface FlowColumns {
  /** Rows in use; whoever has taken them sets it to 0. */
  count: number;
  readonly capacity: number;
  /** Wall clock at reception, ms since 1970. */
  readonly receivedAtMs: Float64Array;
  readonly startMs: Float64Array;
  readonly endMs: Float64Array;
  /** Exact up to 2^53 - 1; a set with larger ones is not taken. */
  readonly packets: Float64Array;
  readonly octets: Float64Array;
  readonly exporter: Uint32Array;
  readonly observationDomain: Uint32Array;
  readonly sourceAddress: Uint32Array;
  readonly destinationAddress: Uint32Array;
  readonly nextHop: Uint32Array;
  readonly inputInterface: Uint32Array;
  readonly outputInterface: Uint32Array;
  readonly sourceAs: Uint32Array;
  readonly destinationAs: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
  readonly tcpFlags: Uint16Array;
  /** 5, 9, 10: IPFIX. */
  readonly version: Uint8Array;
  readonly protocol: Uint8Array;
  readonly tos: Uint8Array;
  readonly sourcePrefix: Uint8Array;
  readonly destinationPrefix: Uint8Array;
  readonly direction: Uint8Array;
}

export type ColumnName = Exclude<keyof FlowColumns, 'count' | 'capacity'>;

/** In the order of their width, so that a block of them is aligned. */
const widths: Record<ColumnName, 8 | 4 | 2 | 1> = {
  receivedAtMs: 8,
  startMs: 8,
  endMs: 8,
  packets: 8,
  octets: 8,
  exporter: 4,
  observationDomain: 4,
  sourceAddress: 4,
  destinationAddress: 4,
  nextHop: 4,
  inputInterface: 4,
  outputInterface: 4,
  sourceAs: 4,
  destinationAs: 4,
  sourcePort: 2,
  destinationPort: 2,
  tcpFlags: 2,
  version: 1,
  protocol: 1,
  tos: 1,
  sourcePrefix: 1,
  destinationPrefix: 1,
  direction: 1,
};

export const columnNames = Object.keys(widths) as ColumnName[];
const constructors = { 8: Float64Array, 4: Uint32Array, 2: Uint16Array, 1: Uint8Array } as const;

/** Room for `capacity` flows, 95 bytes each. A UDP datagram has fewer than 65,536. */
export function flowColumns(capacity: number): FlowColumns {
  const arrays = columnNames.map((name) => [name, new constructors[widths[name]](capacity)] as const);
  return { count: 0, capacity, ...Object.fromEntries(arrays) } as unknown as FlowColumns;
}
