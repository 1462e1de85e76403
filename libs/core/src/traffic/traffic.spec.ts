import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FlowsToSum, TrafficSums, type SummableFlow, type SummableFlows } from './index.ts';

const flow = (change: Partial<SummableFlow> = {}): SummableFlow => ({
  exporter: '192.0.2.9',
  receivedAtMs: 1_700_000_000_123,
  sourceAddress: '10.0.0.1',
  destinationAddress: '10.0.0.2',
  sourcePort: 50_000,
  destinationPort: 443,
  protocol: 6,
  packets: 2n,
  octets: 100n,
  inputInterface: 1,
  outputInterface: 2,
  ...change,
});

const bitsOf = (address: string) => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);

function columnsOf(flows: SummableFlow[]): SummableFlows {
  const of = (read: (one: SummableFlow) => number) => flows.map(read);
  return {
    count: flows.length,
    sourceAddress: Uint32Array.from(of((one) => bitsOf(one.sourceAddress ?? '0.0.0.0'))),
    destinationAddress: Uint32Array.from(of((one) => bitsOf(one.destinationAddress ?? '0.0.0.0'))),
    sourcePort: Uint16Array.from(of((one) => one.sourcePort ?? 0)),
    destinationPort: Uint16Array.from(of((one) => one.destinationPort ?? 0)),
    protocol: Uint8Array.from(of((one) => one.protocol ?? 0)),
    inputInterface: Uint32Array.from(of((one) => one.inputInterface ?? 0)),
    outputInterface: Uint32Array.from(of((one) => one.outputInterface ?? 0)),
    packets: Float64Array.from(of((one) => Number(one.packets ?? 0))),
    octets: Float64Array.from(of((one) => Number(one.octets ?? 0))),
    runs: flows.map(({ exporter, receivedAtMs }, index) => ({ exporter, receivedAtMs, end: index + 1 })),
  };
}

const textOf = (address: string | number) =>
  typeof address === 'string' ? address : [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
const sorted = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted();

function read(sums: TrafficSums) {
  return {
    traffic: sorted([...sums.traffic()]),
    applications: sorted([...sums.applications()]),
    conversations: sorted(
      [...sums.conversations()].map((one) => [
        one.minuteMs,
        one.exporter,
        textOf(one.source),
        textOf(one.destination),
        one.protocol,
        one.port,
        one.flows,
        one.packets,
        one.octets,
      ]),
    ),
  };
}

/** Copies: each is good until the next. */
function piecesOf(sums: TrafficSums, rows: number, wanted: (count: number) => boolean) {
  const pieces = [];
  for (const columns of sums.conversationColumns(rows, wanted)) {
    expect(wanted(columns.count)).toBe(true);
    pieces.push(structuredClone(columns));
  }
  return pieces;
}

/** The same conversations as columns, and those that these leave out. */
function readColumns(sums: TrafficSums, rows: number) {
  const found: unknown[] = [];
  const isFew = (count: number) => count < 3;
  for (const columns of [...piecesOf(sums, rows, isFew), ...piecesOf(sums, rows, (count) => !isFew(count))]) {
    expect(columns.count).toBeGreaterThan(0);
    expect(columns.count).toBeLessThanOrEqual(rows);
    for (let row = 0; row < columns.count; row += 1) {
      const { minuteMs, exporter, source, destination, protocol, port, flows, packets, octets } = columns;
      const addresses = [textOf(source[row] ?? 0), textOf(destination[row] ?? 0)];
      const numbers = [protocol, port, flows, packets, octets].map((values) => values[row]);
      found.push([minuteMs, exporter, ...addresses, ...numbers]);
    }
  }
  for (const { minuteMs, exporter, source, destination, ...one } of sums.otherConversations())
    found.push([minuteMs, exporter, source, destination, one.protocol, one.port, one.flows, one.packets, one.octets]);
  return sorted(found);
}

it('sums by minute and exporter over interfaces, applications and conversations', () => {
  const sums = new TrafficSums();
  sums.add(
    columnsOf([
      flow(),
      flow({ sourcePort: 50_001 }),
      flow({ inputInterface: 7, sourcePort: 443, destinationPort: 50_002 }),
      flow({ receivedAtMs: 1_700_000_060_123 }),
      flow({ exporter: '192.0.2.10', protocol: 1, sourcePort: 0, destinationPort: 2048 }),
    ]),
  );
  const first = { minuteMs: 1_699_999_980_000, exporter: '192.0.2.9' };
  expect([...sums.traffic()]).toEqual([
    { ...first, input: 1, output: 2, flows: 2, packets: 4, octets: 200 },
    { ...first, input: 7, output: 2, flows: 1, packets: 2, octets: 100 },
    { ...first, minuteMs: 1_700_000_040_000, input: 1, output: 2, flows: 1, packets: 2, octets: 100 },
    { ...first, exporter: '192.0.2.10', input: 1, output: 2, flows: 1, packets: 2, octets: 100 },
  ]);
  expect([...sums.applications()].map(({ protocol, port, flows }) => [protocol, port, flows])).toEqual([
    [6, 443, 3],
    [6, 443, 1],
    [1, 0, 1],
  ]);
  expect([...sums.conversations()]).toHaveLength(3);
});

it('gives the same whichever way flows come, however many', () => {
  const one = fc.record({
    exporter: fc.constantFrom('192.0.2.9', '192.0.2.10'),
    receivedAtMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_200_000 }),
    sourceAddress: fc.nat({ max: 300 }).map((n) => `10.0.${n >> 8}.${n & 255}`),
    destinationAddress: fc.constantFrom('203.0.113.255', '0.0.0.0'),
    sourcePort: fc.nat({ max: 65_535 }),
    destinationPort: fc.constantFrom(0, 53, 65_535),
    protocol: fc.constantFrom(0, 1, 6, 17, 255),
    packets: fc.nat().map(BigInt),
    octets: fc.nat().map(BigInt),
    inputInterface: fc.constantFrom(0, 4_294_967_295),
    outputInterface: fc.constantFrom(1, 2),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 1500, size: 'max' }), (flows) => {
      const [columns, others] = [new TrafficSums(), new TrafficSums()];
      columns.add(columnsOf(flows));
      for (const each of flows) others.addOther(each);
      expect(read(columns)).toEqual(read(others));
      for (const rows of [1, 7, 240]) expect(readColumns(columns, rows)).toEqual(read(columns).conversations);
      expect(readColumns(others, 7)).toEqual(read(others).conversations);
      for (const rows of [columns.traffic(), columns.applications(), columns.conversations()]) {
        const all = [...rows];
        expect(all.reduce((sum, row) => sum + row.flows, 0)).toBe(flows.length);
        expect(all.reduce((sum, row) => sum + row.octets, 0)).toBe(
          Number(flows.reduce((sum, { octets }) => sum + octets, 0n)),
        );
      }
    }),
    { numRuns: 8 },
  );
});

it('takes what no exporter should say', () => {
  const sums = new TrafficSums();
  const nothing = { sourceAddress: null, destinationAddress: null, sourcePort: null, destinationPort: null };
  sums.addOther(
    flow({ ...nothing, protocol: null, packets: null, octets: null, inputInterface: null, outputInterface: null }),
  );
  sums.addOther(flow({ sourceAddress: '2001:db8::1', receivedAtMs: Number.NaN, octets: 2n ** 63n - 1n }));
  // A sum that no column holds is the most that it holds.
  const huge = new TrafficSums();
  huge.add(columnsOf([flow({ octets: 2n ** 63n - 1n }), flow({ octets: 2n ** 63n - 1n })]));
  expect([...huge.conversationColumns(9)].map(({ octets }) => octets[0])).toEqual([2 ** 63 - 1024]);
  expect([...sums.conversations()].map(({ minuteMs, source }) => [minuteMs, source])).toEqual([
    [1_699_999_980_000, '0.0.0.0'],
    [0, '2001:db8::1'],
  ]);
});

it('keeps columns and records until they are summed, whatever their addresses are', () => {
  const plain = [flow(), flow({ exporter: '192.0.2.10' }), flow({ receivedAtMs: 1_700_000_060_123, packets: 9n })];
  const others = [
    flow({ sourceAddress: '2001:db8::1' }),
    flow({ sourceAddress: null, sourcePort: null }),
    flow({ destinationAddress: '10.0.0.256' }),
    flow({ octets: null }),
  ];
  const expected = new TrafficSums();
  for (const each of [...plain, ...others]) expected.addOther(each);
  for (const inColumns of [0, 1, 3]) {
    const columns = columnsOf([...plain.slice(0, inColumns), flow({ octets: 1000n })]);
    // There is more room than rows.
    const some = { ...columns, count: inColumns, runs: columns.runs.slice(0, inColumns) };
    const kept = new FlowsToSum(some, [...plain.slice(inColumns), ...others]);
    columns.octets.fill(7);
    expect([kept.flows, kept.count, kept.others.length]).toEqual([7, 5, 2]);
    const sums = new TrafficSums();
    sums.addAll(kept);
    expect(read(sums).traffic).toEqual(read(expected).traffic);
    expect(read(sums).applications).toEqual(read(expected).applications);
  }
  const nothing = [flow({ packets: null, octets: null }), { ...flow(), malformed: 'cut off' }];
  expect(new FlowsToSum(null, nothing).flows).toBe(0);
});
