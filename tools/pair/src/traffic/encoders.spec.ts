import { describe, expect, it } from 'vitest';
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

  it('is NetFlow version 9 with its template in the first datagram and every twentieth', () => {
    const first = encodeFlow(9, 1, 1_700_000_000_000, 1000);
    expect(first.readUInt16BE(0)).toBe(9);
    expect(first.readUInt16BE(2)).toBe(2);
    expect(first.readUInt32BE(16)).toBe(9);
    const templateBytes = first.readUInt16BE(22);
    expect(first.readUInt16BE(20)).toBe(0);
    const dataAt = 20 + templateBytes;
    expect(first.readUInt16BE(dataAt)).toBe(256);
    expect(first.readUInt16BE(dataAt + 2)).toBe(first.length - dataAt);
    expect(first.readBigUInt64BE(dataAt + 4)).toBe(1n);

    const second = encodeFlow(9, 2, 1_700_000_000_000, 1000);
    expect(second.readUInt16BE(2)).toBe(1);
    expect(second.readUInt16BE(20)).toBe(256);
    expect(second.readBigUInt64BE(24)).toBe(2n);
    expect(second.length % 4).toBe(0);
    expect(encodeFlow(9, 21, 0, 0).readUInt16BE(2)).toBe(2);
  });
});
