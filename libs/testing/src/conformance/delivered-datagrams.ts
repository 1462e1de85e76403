import type { Datagram, DeliveredDatagram, TelemetryKind } from '@hotstandby/ports';

const receivedAtMs = 1_700_000_000_123;
const sourceAddress = '192.0.2.7';

function datagram(kind: TelemetryKind, text: string): Datagram {
  return {
    kind,
    sourceAddress,
    sourcePort: 40_001,
    localPort: 5514,
    receivedAtMs,
    bytes: new TextEncoder().encode(text),
  };
}

const nothing = { digest: 7n, syslog: [], traps: [], flows: [] } as const;

/** A line of syslog whose octets are its text. */
export function deliveredSyslog(text: string): DeliveredDatagram {
  const record = {
    receivedAtMs,
    sourceAddress,
    format: 'rfc5424' as const,
    facility: 3,
    severity: 4,
    timestampMs: receivedAtMs,
    hostname: 'router1',
    appName: 'app',
    procId: null,
    msgId: null,
    structuredData: { 'x@1': { a: 'b' } },
    message: text,
    malformed: null,
    raw: null,
  };
  return { ...nothing, datagram: datagram('syslog', text), syslog: [record] };
}

/** A notification whose octets are its OID as text. */
export function deliveredTrap(trapOid: string): DeliveredDatagram {
  const record = {
    receivedAtMs,
    sourceAddress,
    version: '2c' as const,
    community: 'public',
    trapOid,
    enterprise: null,
    agentAddress: null,
    uptimeTicks: 7,
    varbinds: [{ oid: '1.3.6.1.2.1.2.2.1.1', type: 'INTEGER', value: 3 }],
    malformed: null,
    raw: null,
  };
  return { ...nothing, datagram: datagram('trap', trapOid), traps: [record] };
}

/** A flow whose octets on the wire are the number of its octets as text. */
export function deliveredFlow(octets: bigint): DeliveredDatagram {
  const record = {
    receivedAtMs,
    exporter: sourceAddress,
    version: 9 as const,
    observationDomain: 0,
    sourceAddress: '10.0.0.1',
    destinationAddress: '10.0.0.2',
    sourcePort: 50_000,
    destinationPort: 443,
    protocol: 6,
    packets: 1n,
    octets,
    startMs: receivedAtMs,
    endMs: receivedAtMs,
    inputInterface: 1,
    outputInterface: 2,
    tcpFlags: 27,
    tos: 0,
    extra: null,
    malformed: null,
    raw: null,
  };
  return { ...nothing, datagram: datagram('flow', `${octets}`), flows: [record] };
}
