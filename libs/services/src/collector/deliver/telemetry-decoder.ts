import { decodeSyslog, decodeTrap, type FlowRecord } from '@hotstandby/decoders';
import type { Datagram } from '@hotstandby/ports';
import type { DatagramDecoder, Records } from './decoder.ts';

/** The decoders of all kinds, with the templates that flows need. */
export class TelemetryDecoder implements DatagramDecoder {
  decode(datagram: Datagram, into: Records, _final: boolean): boolean {
    switch (datagram.kind) {
      case 'syslog':
        into.syslog.push(decodeSyslog(datagram.bytes, datagram));
        return true;
      case 'trap':
        into.traps.push(decodeTrap(datagram.bytes, datagram));
        return true;
      case 'flow':
        into.flows.push(rawFlow(datagram, 'flows are not decoded yet'));
        return true;
    }
  }

  version(): number {
    return 0;
  }

  learn(_datagram: Datagram): void {}
}

/** A datagram that nothing can be read from, kept as it came. */
export function rawFlow(datagram: Datagram, malformed: string): FlowRecord {
  return {
    receivedAtMs: datagram.receivedAtMs,
    exporter: datagram.sourceAddress,
    version: null,
    observationDomain: null,
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
    malformed,
    raw: datagram.bytes,
  };
}
