import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeFlows, TemplateCache } from '../index.ts';
import { decodeSflow } from './decode-sflow.ts';

const file = new URL('../../../../test/fixtures/datagrams/sflow.txt', import.meta.url);
const captured = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => Uint8Array.from(Buffer.from(line.split(' ')[1] ?? '', 'hex')));

const context = { sourceAddress: '192.0.2.254', receivedAtMs: 1_795_263_683_000 };
const decode = (bytes: Uint8Array | number[]) => decodeSflow(Uint8Array.from(bytes), context);

const u16 = (value: number) => [(value >> 8) & 255, value & 255];
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)];
const opaque = (...octets: number[]) => [...octets, ...Array<number>((4 - (octets.length % 4)) % 4).fill(0)];
const block = (format: number, content: number[]) => [...u32(format), ...u32(content.length), ...opaque(...content)];
const datagram = (...samples: number[][]) => [
  ...[5, 1].flatMap(u32),
  ...[192, 0, 2, 1],
  ...[7, 100, 5000, samples.length].flatMap(u32),
  ...samples.flat(),
];
const flowSample = (...records: number[][]) =>
  block(1, [1, 0x0000_0003, 512, 1024, 2, 3, 0x4000_0100, records.length].flatMap(u32).concat(...records));
const expandedFlowSample = (...records: number[][]) =>
  block(3, [1, 0, 70_000, 512, 1024, 0, 0, 70_000, 0, 0xffff_ffff, records.length].flatMap(u32).concat(...records));
const header = (protocol: number, octets: number[], frameBytes = 1500) =>
  block(1, [...[protocol, frameBytes, 4, octets.length].flatMap(u32), ...opaque(...octets)]);
const macs = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
const ipv4 = (protocol: number, payload: number[], fragment = 0) => [
  ...[0x45, 0x20, ...u16(40), 0, 0, ...u16(fragment), 64, protocol, 0, 0],
  ...[198, 51, 100, 1, 203, 0, 113, 2],
  ...payload,
];
const v6 = (last: number) => [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), last];
const ipv6 = (next: number, payload: number[]) => [
  ...[0x62, 0x01, 0x23, 0x45, ...u16(payload.length), next, 64],
  ...v6(1),
  ...v6(2),
  ...payload,
];
const tcp = [...u16(443), ...u16(50_000), ...u32(1), ...u32(2), 0x50, 0x12, 0, 0];
const one = (sample: number[]) => {
  const records = decode(datagram(sample));
  expect(records).toHaveLength(1);
  return records[0];
};

describe('what pmacctd sends', () => {
  it('becomes one record a sample', () => {
    const records = captured.flatMap((bytes) => decode(bytes));
    expect(records).toHaveLength(31);
    expect(records.filter(({ malformed }) => malformed !== null)).toEqual([]);
    expect(records[0]).toMatchObject({
      exporter: '192.0.2.254',
      version: 105,
      observationDomain: 0,
      sourceAddress: '192.0.2.10',
      destinationAddress: '198.51.100.20',
      sourcePort: 51000,
      destinationPort: 443,
      protocol: 6,
      tcpFlags: 2,
      tos: 0,
      packets: 1n,
      octets: 40n,
      extra: { samplingInterval: 1, dataLinkFrameSize: 58, exporterIPv4Address: '192.0.2.1' },
    });
    expect(records.some(({ sourceAddress, protocol }) => sourceAddress?.startsWith('2001:db8:') && protocol === 6)).toBe(true); // prettier-ignore
    expect(records.at(-1)).toMatchObject({ protocol: 1, extra: { icmpTypeCodeIPv4: 0 } });
  });

  it('is told from NetFlow version 5 by its bytes, on whatever port it comes', () => {
    const bytes = captured[0] ?? new Uint8Array();
    expect(decodeFlows(bytes, context, new TemplateCache()).records).toEqual(decode(bytes));
  });
});

describe('sampled headers', () => {
  it('reads VLAN tags, IPv4 and TCP', () => {
    const frame = [...macs, ...u16(0x88a8), ...u16(100), ...u16(0x8100), ...u16(0xa00a), ...u16(0x0800)];
    expect(one(flowSample(header(1, [...frame, ...ipv4(6, tcp)])))).toMatchObject({
      sourceAddress: '198.51.100.1',
      destinationAddress: '203.0.113.2',
      sourcePort: 443,
      destinationPort: 50_000,
      protocol: 6,
      tcpFlags: 0x12,
      tos: 0x20,
      octets: 40n,
      inputInterface: 3,
      outputInterface: null,
      extra: {
        vlanId: 100,
        'vlanId#2': 10,
        'dot1qPriority#2': 5,
        ethernetType: 0x0800,
        sourceMacAddress: '02:00:00:00:00:02',
        destinationMacAddress: '02:00:00:00:00:01',
        discardedReason: 256,
        samplingInterval: 512,
        sourceIdType: 0,
        sourceIdIndex: 3,
      },
    });
  });

  it('reads IPv6 behind extension headers, and the expanded form', () => {
    const udp = [...u16(53), ...u16(4000), 0, 8, 0, 0];
    const hopByHop = [17, 0, 0, 0, 0, 0, 0, 0];
    expect(one(expandedFlowSample(header(12, ipv6(0, [...hopByHop, ...udp]))))).toMatchObject({
      sourceAddress: '2001:db8::1',
      destinationAddress: '2001:db8::2',
      protocol: 17,
      sourcePort: 53,
      destinationPort: 4000,
      tos: 0x20,
      octets: 56n,
      inputInterface: 70_000,
      outputInterface: null,
      extra: { sourceIdIndex: 70_000, flowLabelIPv6: 0x12345 },
    });
  });

  it('gives no ports of later fragments, and the type of ICMP', () => {
    expect(one(flowSample(header(11, ipv4(6, tcp, 100))))).toMatchObject({ protocol: 6, sourcePort: null });
    expect(one(flowSample(header(11, ipv4(1, [3, 1]))))).toMatchObject({ extra: { icmpTypeCodeIPv4: 0x0301 } });
    expect(one(flowSample(header(12, ipv6(58, [135, 0]))))).toMatchObject({ extra: { icmpTypeCodeIPv6: 135 << 8 } });
  });

  it('takes what is there of a header that is cut off, at every byte', () => {
    const whole = [...macs, ...u16(0x8100), ...u16(10), ...u16(0x86dd), ...ipv6(44, [6, 0, 0, 0, 0, 0, 0, 1, ...tcp])];
    for (let length = 0; length <= whole.length; length++)
      expect(one(flowSample(header(1, whole.slice(0, length))))).toMatchObject({ malformed: null });
    expect(one(flowSample(header(1, whole)))).toMatchObject({ sourcePort: 443, protocol: 6 });
  });

  it('keeps headers of other networks as they came', () => {
    expect(one(flowSample(header(7, [1, 2, 3])))).toMatchObject({
      sourceAddress: null,
      extra: { 'sflow.0.1': '00000007000005dc000000040000000301020300' },
    });
  });
});

describe('other records and samples', () => {
  it('reads router and switch data, and keeps what it does not know', () => {
    const router = block(1002, [...u32(1), 10, 0, 0, 1, ...u32(24), ...u32(16)]);
    const sample = one(
      flowSample(header(11, ipv4(6, tcp)), router, block((9 << 12) | 3, [1, 2, 3, 4]), block(1003, [])),
    );
    expect(sample?.extra).toMatchObject({
      ipNextHopIPv4Address: '10.0.0.1',
      sourceIPv4PrefixLength: 24,
      'sflow.9.3': '01020304',
      'sflow.0.1003': '',
    });
  });

  it('reads sampled addresses without a header', () => {
    const addresses = [...u32(60), ...u32(17), 10, 0, 0, 1, 10, 0, 0, 2, ...[53, 4000, 0, 8].flatMap(u32)];
    expect(one(flowSample(block(3, addresses)))).toMatchObject({ octets: 60n, sourceAddress: '10.0.0.1', tos: 8 });
  });

  it('keeps counters as data', () => {
    const generic = [...[3, 6, 0, 1_000_000_000, 1, 3, 1, 5].flatMap(u32), ...[10, 11, 12, 13, 14, 15].flatMap(u32)];
    const rest = [0x0020_0000, 0, ...[20, 21, 22, 23, 24, 0]].flatMap(u32);
    for (const expanded of [false, true]) {
      const source = expanded ? [0, 3] : [3];
      const content = [9, ...source, 2].flatMap(u32);
      const sample = block(expanded ? 4 : 2, [...content, ...block(1, [...generic, ...rest]), ...block(77, [255])]);
      expect(one(sample)).toMatchObject({
        packets: null,
        sourceAddress: null,
        extra: {
          sampleType: 'counters',
          sourceIdIndex: 3,
          ifIndex: 3,
          ifSpeed: 1_000_000_000,
          ifInOctets: 4_294_967_301,
          ifInUnknownProtos: 15,
          ifOutOctets: '9007199254740992',
          ifOutErrors: 24,
          'sflow.0.77': 'ff',
        },
      });
    }
  });

  it('keeps samples of other formats', () => {
    expect(one(block((4413 << 12) | 1, [1, 2, 3, 4]))?.extra).toMatchObject({ 'sflow.4413.1': '01020304' });
  });
});

describe('faults', () => {
  it('a bad sample costs the next one nothing', () => {
    const records = decode(datagram(block(1, u32(1)), flowSample(header(11, ipv4(6, tcp)))));
    expect(records[0]).toMatchObject({ malformed: expect.stringContaining('sample 1: source id'), raw: Uint8Array.of(0, 0, 0, 1) }); // prettier-ignore
    expect(records[1]).toMatchObject({ sourcePort: 443, malformed: null });
  });

  test.each([
    ['another version', u32(4), 'sFlow version 4 is not read'],
    ['an agent of another family', [...u32(5), ...u32(3)], 'agent address type 3'],
    ['more samples than there are', [...datagram().slice(0, 24), ...u32(0xffff_ffff)], 'sample format: 4 bytes announced, 0 there'], // prettier-ignore
    ['a huge length', [...datagram([]), ...u32(1), ...u32(0xffff_fff0)], 'sample: 4294967280 bytes announced, 0 there'],
    ['octets behind the end', [...datagram(), 1], '1 bytes too many'],
    ['too many records', datagram(flowSample().slice(0, -4).concat(u32(0xffff_ffff))), '4294967295 records in a sample'], // prettier-ignore
  ])('%s', (_name, bytes, fault) => {
    const last = decode(bytes).at(-1);
    expect(last?.malformed).toContain(fault);
    expect(last?.raw).not.toBeNull();
  });

  it('says so when a datagram is cut off, at every byte', () => {
    for (const bytes of captured.slice(0, 2)) {
      for (let length = 0; length < bytes.length; length++) {
        const records = decode(bytes.subarray(0, length));
        // Without the padding of the last header nothing is lost.
        if (bytes.length - length >= 4) expect(records.some(({ malformed }) => malformed !== null)).toBe(true);
      }
    }
  });

  it('takes whatever comes', () => {
    const seed = Date.now();
    const changed = fc
      .tuple(fc.constantFrom(...captured), fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { maxLength: 6 }))
      .map(([bytes, changes]) => {
        const copy = Uint8Array.from(bytes);
        for (const [at, octet] of changes) copy[at % copy.length] = octet;
        return copy;
      });
    const garbage = fc.uint8Array({ maxLength: 300 }).map((octets) => Uint8Array.of(0, 0, 0, 5, ...octets));
    fc.assert(
      fc.property(fc.oneof(changed, garbage), (bytes) => {
        const records = decode(bytes);
        expect(records.length).toBeLessThanOrEqual(bytes.length / 8 + 1);
        for (const { malformed, raw } of records) expect(raw === null).toBe(malformed === null);
      }),
      { seed, numRuns: 300 },
    );
  });
});
