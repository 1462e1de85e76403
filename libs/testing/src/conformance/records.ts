import type { RecordBatch, RecordStore, ReplayClaim, StoreOutcome, WriteGuard } from '@hotstandby/ports';

type Syslog = RecordBatch['syslog'][number];
type Trap = RecordBatch['traps'][number];
type Flow = RecordBatch['flows'][number];

export function syslog(message: string, different: Partial<Syslog> = {}): Syslog {
  return {
    receivedAtMs: 1_700_000_000_123,
    sourceAddress: '192.0.2.1',
    format: 'rfc5424',
    facility: 3,
    severity: 4,
    timestampMs: 1_700_000_000_000,
    hostname: 'router1',
    appName: 'app',
    procId: '1',
    msgId: null,
    structuredData: { 'x@1': { a: 'b', list: ['c', 'd'] } },
    message,
    malformed: null,
    raw: null,
    ...different,
  };
}

export function trap(different: Partial<Trap> = {}): Trap {
  return {
    receivedAtMs: 1_700_000_000_123,
    sourceAddress: '2001:db8::7',
    version: '2c',
    community: 'public',
    trapOid: '1.3.6.1.6.3.1.1.5.3',
    enterprise: null,
    agentAddress: null,
    uptimeTicks: 4_294_967_295,
    varbinds: [{ oid: '1.3.6.1.2.1.2.2.1.1', type: 'INTEGER', value: 3 }],
    malformed: null,
    raw: null,
    ...different,
  };
}

export function flow(different: Partial<Flow> = {}): Flow {
  return {
    receivedAtMs: 1_700_000_000_123,
    exporter: '192.0.2.9',
    version: 9,
    observationDomain: 4_294_967_295,
    sourceAddress: '192.0.2.33',
    destinationAddress: '198.51.100.4',
    sourcePort: 65_535,
    destinationPort: 53,
    protocol: 17,
    packets: 7n,
    octets: 2n ** 63n - 1n,
    startMs: 1_700_000_000_000,
    endMs: 1_700_000_000_100,
    inputInterface: 4_294_967_295,
    outputInterface: 0,
    tcpFlags: 65_535,
    tos: 255,
    extra: { flowDirection: 1 },
    malformed: null,
    raw: null,
    ...different,
  };
}

/** Records that a decoder never makes and a mistake might. */
export const oddValues = {
  syslog: (): Syslog[] => [
    syslog('nul\0here', { hostname: 'lone\uD800', structuredData: { 'k\0': { '\uDFFF': 'v\0' } } }),
    syslog('"quotes", {braces}, \\backslash\\ and NULL', { appName: 'NULL', procId: '' }),
    syslog('times', { receivedAtMs: Number.NaN, timestampMs: 1e20 }),
    syslog('numbers', { facility: 1e9, severity: 0.5, sourceAddress: 'not an address' }),
    syslog('x'.repeat(65_000), { raw: new Uint8Array([0, 1, 92, 255]), malformed: 'as it came' }),
  ],
  traps: (): Trap[] => [
    trap({ uptimeTicks: 2 ** 60, sourceAddress: '', agentAddress: 'fe80::1%eth0', community: '\0' }),
    trap({ varbinds: [{ oid: '1', type: 'Counter64', value: 2n ** 64n - 1n }] }),
    trap({
      varbinds: Array.from({ length: 500 }, (_, index) => ({ oid: `1.${index}`, type: 'x\0', value: '\uD800' })),
    }),
  ],
  flows: (): Flow[] => [
    flow({ sourceAddress: '10.0.0.256' }),
    flow({ octets: 2n ** 63n }),
    flow({ packets: -(2n ** 63n) - 1n, sourcePort: 2 ** 31, protocol: -40_000, version: null }),
    flow({ exporter: '::ffff:192.0.2.1', startMs: -1, endMs: Number.POSITIVE_INFINITY }),
    flow({ extra: { deep: [[['\0']]], big: 2n ** 70n, none: undefined } }),
  ],
};

/** Stages and stores. */
export function put(
  store: RecordStore,
  guard: WriteGuard,
  batches: RecordBatch[],
  replay?: ReplayClaim,
): Promise<StoreOutcome> {
  const staged = batches.map((batch) => store.stage(batch, guard.epoch));
  return store.store(guard, staged, replay);
}

/** A batch of INGEST, with nothing in it but what is given. */
export const batch = (sequence: number, rows: Partial<RecordBatch> = {}, stream = 's'): RecordBatch => ({
  messageId: `${stream}-${sequence}`,
  ledger: { clockAheadMs: null, nodeId: 'id-a', stored: [], settled: [] },
  syslog: [],
  traps: [],
  flows: [],
  ...rows,
});

/** What the ledger keeps of a message. */
export const at = (receivedAtMs: number, digest = BigInt(receivedAtMs)) => ({ digest, receivedAtMs });
