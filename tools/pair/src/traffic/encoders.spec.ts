import { describe, expect, it } from 'vitest';
import { encodeAnyFlow } from './flows.ts';
import { encodeFlow } from './netflow9.ts';
import { encodeSyslog } from './syslog.ts';
import { encodeTrap } from './trap.ts';

describe('test traffic', () => {
  it('is syslog of RFC 5424 with run and sequence number', () => {
    const text = encodeSyslog(7, 42, Date.UTC(2026, 0, 2, 3, 4, 5, 6)).toString();
    expect(text).toBe(
      '<134>1 2026-01-02T03:04:05.006Z demo-host hotstandby-demo - seq [demo@32473 run="7" seq="42"] run 7 message 42',
    );
  });

  it('is an SNMPv2c trap whose every byte is known', () => {
    // What net-snmp's snmptrap writes for the same values.
    expect(encodeTrap(300, 128, 5).toString('hex')).toBe(
      '3069020101' + // message of version 2c
        '04067075626c6963' + // community public
        'a75c' + // trap PDU
        '02020080020100020100' + // request id 128, no error
        '3050' + // varbinds
        '300d06082b060102010103004301' +
        '05' + // sysUpTime.0 = 5 (time ticks)
        '3019060a2b060106030101040100060b2b0601040181fd59010001' + // snmpTrapOID.0 = 1.3.6.1.4.1.32473.1.0.1
        '3011060b2b0601040181fd5901010042' +
        '02012c' + // run = 300 (gauge)
        '3011060b2b0601040181fd5901020042' +
        '020080', // sequence = 128 (gauge)
    );
  });

  it('is NetFlow version 9 with or without its template', () => {
    const first = encodeFlow(9, 1, 1_700_000_000_000, 1000, true);
    expect(first.readUInt16BE(0)).toBe(9);
    expect(first.readUInt16BE(2)).toBe(2);
    expect(first.readUInt32BE(16)).toBe(9);
    const templateBytes = first.readUInt16BE(22);
    expect(first.readUInt16BE(20)).toBe(0);
    const dataAt = 20 + templateBytes;
    expect(first.readUInt16BE(dataAt)).toBe(256);
    expect(first.readUInt16BE(dataAt + 2)).toBe(first.length - dataAt);
    expect(first.readBigUInt64BE(dataAt + 4)).toBe(1n);

    const second = encodeFlow(9, 2, 1_700_000_000_000, 1000, false);
    expect(second.readUInt16BE(2)).toBe(1);
    expect(second.readUInt16BE(20)).toBe(256);
    expect(second.readBigUInt64BE(24)).toBe(2n);
    expect(second.length % 4).toBe(0);
  });

  it('is version 9, version 5 and IPFIX in turn, each with its template first and every so often', () => {
    const at = { atMs: 1_700_000_000_000, uptimeMs: 1000, templateEvery: 20 };
    const versions = (from: number) => [0, 1, 2].map((more) => encodeAnyFlow(9, from + more, at).readUInt16BE(0));
    expect(versions(1)).toEqual([9, 5, 10]);
    expect(versions(100)).toEqual([9, 5, 10]);
    const lengths = (version: number) => {
      const all = Array.from({ length: 130 }, (_, index) => encodeAnyFlow(9, index + 1, at));
      return all.filter((bytes) => bytes.readUInt16BE(0) === version).map((bytes) => bytes.length);
    };
    for (const version of [9, 10]) {
      const [first = 0, ...rest] = lengths(version);
      expect(rest.flatMap((length, index) => (length === first ? [index + 2] : []))).toEqual([21, 41]);
    }
    expect(encodeAnyFlow(9, 3, at).readUInt16BE(2)).toBe(encodeAnyFlow(9, 3, at).length);
    expect(new Set(lengths(5))).toEqual(new Set([72]));
  });
});
