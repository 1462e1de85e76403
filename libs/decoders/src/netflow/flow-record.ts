import type { FlowRecord } from '../records.ts';

/** A record with nothing in it yet. */
export function emptyFlow(
  exporter: string,
  receivedAtMs: number,
  version: FlowRecord['version'],
  observationDomain: number | null,
): FlowRecord {
  return {
    receivedAtMs,
    exporter,
    version,
    observationDomain,
    sourceAddress: null,
    destinationAddress: null,
    sourcePort: null,
    destinationPort: null,
    protocol: null,
    packets: null,
    octets: null,
    startMs: null,
    endMs: null,
    inputInterface: null,
    outputInterface: null,
    tcpFlags: null,
    tos: null,
    extra: null,
    malformed: null,
    raw: null,
  };
}
