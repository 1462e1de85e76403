import { describe, expect, test } from 'vitest';
import { decodeFlows } from './decode-flows.ts';
import { TemplateCache } from './template-cache.ts';

const exportSeconds = Date.UTC(2026, 10, 21, 12) / 1000;
const exportMs = exportSeconds * 1000;
const uptimeMs = 600_000;
const context = { sourceAddress: '192.0.2.1', receivedAtMs: exportMs + 750 };

const u16 = (...values: number[]) => values.flatMap((value) => [(value >>> 8) & 0xff, value & 0xff]);
const u32 = (...values: number[]) => values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
const ip = (text: string) => text.split('.').map(Number);
const decode = (bytes: Uint8Array) => decodeFlows(bytes, context, new TemplateCache());

describe('NetFlow version 5', () => {
  const header = (count: number, sampling = 0) => [
    ...u16(5, count),
    ...u32(uptimeMs, exportSeconds, 500_000_000, 7),
    1,
    2,
    ...u16(sampling),
  ];
  const record = [...ip('192.0.2.7'), ...ip('198.51.100.8'), ...ip('192.0.2.1'), ...u16(3, 4), ...u32(10, 1500, 590_000, 595_500), ...u16(51_000, 443), 0, 0x1b, 6, 0x10, ...u16(64_496, 64_497), 24, 25, 0, 0]; // prettier-ignore

  test('a record in full', () => {
    expect(decode(Uint8Array.from([...header(1, 0x4064), ...record])).records).toEqual([
      {
        receivedAtMs: context.receivedAtMs,
        exporter: '192.0.2.1',
        version: 5,
        observationDomain: 0x0102,
        sourceAddress: '192.0.2.7',
        destinationAddress: '198.51.100.8',
        sourcePort: 51_000,
        destinationPort: 443,
        protocol: 6,
        packets: 10n,
        octets: 1500n,
        startMs: exportMs + 500 - 10_000,
        endMs: exportMs + 500 - 4500,
        inputInterface: 3,
        outputInterface: 4,
        tcpFlags: 0x1b,
        tos: 0x10,
        extra: {
          ipNextHopIPv4Address: '192.0.2.1',
          bgpSourceAsNumber: 64_496,
          bgpDestinationAsNumber: 64_497,
          sourceIPv4PrefixLength: 24,
          destinationIPv4PrefixLength: 25,
          samplingAlgorithm: 1,
          samplingInterval: 100,
        },
        malformed: null,
        raw: null,
      },
    ]);
  });

  test('a count that is not the length: the whole records, and the datagram', () => {
    const bytes = Uint8Array.from([...header(3), ...record, ...record, 1]);
    const { records } = decode(bytes);
    expect(records).toHaveLength(3);
    expect(records[2]).toMatchObject({ version: 5, malformed: '3 records announced in 121 bytes', raw: bytes });
  });
});
