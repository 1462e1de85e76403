import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BerReader, signedInteger, unsignedInteger } from './ber-reader.ts';
import { decodeTrap } from './decode-trap.ts';
import { objectIdentifierText } from './object-identifier.ts';

const file = new URL('../../../../test/fixtures/datagrams/traps.txt', import.meta.url);
const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line && !line.startsWith('#')); // prettier-ignore
const captured = new Map(
  lines.map((line) => [line.split(' ')[0], Uint8Array.from(Buffer.from(line.split(' ')[1] ?? '', 'hex'))]),
);

const context = { sourceAddress: '192.0.2.1', receivedAtMs: 1_795_263_683_000 };
const decode = (bytes: Uint8Array) => decodeTrap(bytes, context);
const sent = (name: string) => decode(captured.get(name) ?? new Uint8Array());

/** One BER element. */
const ber = (tag: number, ...content: (number | number[])[]): number[] => {
  const octets = content.flat();
  const length = octets.length < 128 ? [octets.length] : [0x82, octets.length >> 8, octets.length & 0xff];
  return [tag, ...length, ...octets];
};
const oid = (...octets: number[]) => ber(0x06, ...octets);
const sysUpTime = ber(0x30, oid(0x2b, 6, 1, 2, 1, 1, 3, 0), ber(0x43, 1));
const trapOid = ber(0x30, oid(0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0), oid(0x2b, 6, 1, 6, 3, 1, 1, 5, 4));
const v2 = (...varbinds: number[][]) =>
  Uint8Array.from(
    ber(0x30, ber(2, 1), ber(4, 0x70), ber(0xa7, ber(2, 1), ber(2, 0), ber(2, 0), ber(0x30, ...varbinds))),
  );
const v1 = (generic: number, ...specific: number[]) =>
  Uint8Array.from(
    ber(0x30, ber(2, 0), ber(4, 0x70), ber(0xa4, oid(0x2b, 6, 1, 4, 1, 9), ber(0x40, 192, 0, 2, 1), ber(2, generic), ber(2, ...specific), ber(0x43, 1), ber(0x30))), // prettier-ignore
  );

describe('what net-snmp sends', () => {
  test('version 1, enterprise-specific: enterprise.0.specific', () => {
    expect(sent('v1-enterprise')).toEqual({
      ...context,
      version: '1',
      community: 'public',
      trapOid: '1.3.6.1.4.1.8072.2.3.0.17',
      enterprise: '1.3.6.1.4.1.8072.2.3',
      agentAddress: '192.0.2.7',
      uptimeTicks: 4242,
      varbinds: [
        { oid: '1.3.6.1.2.1.2.2.1.1.3', type: 'INTEGER', value: 3 },
        { oid: '1.3.6.1.2.1.2.2.1.2.3', type: 'OCTET STRING', value: 'eth3' },
      ],
      malformed: null,
      raw: null,
    });
  });

  test('version 1, generic: linkDown of SNMPv2-MIB', () => {
    expect(sent('v1-link-down')).toMatchObject({ trapOid: '1.3.6.1.6.3.1.1.5.3', varbinds: [], malformed: null });
  });

  test('version 2c, every type', () => {
    expect(sent('v2c-many-types')).toEqual({
      ...context,
      version: '2c',
      community: 'public',
      trapOid: '1.3.6.1.6.3.1.1.5.3',
      enterprise: null,
      agentAddress: null,
      uptimeTicks: 4242,
      varbinds: [
        { oid: '1.3.6.1.2.1.2.2.1.1.3', type: 'INTEGER', value: 3 },
        { oid: '1.3.6.1.2.1.2.2.1.6.3', type: 'OCTET STRING', value: { hex: '02000000000a' } },
        { oid: '1.3.6.1.2.1.31.1.1.1.6.3', type: 'Counter64', value: '18446744073709551615' },
        { oid: '1.3.6.1.2.1.4.20.1.1', type: 'IpAddress', value: '192.0.2.9' },
        { oid: '1.3.6.1.2.1.1.2.0', type: 'OBJECT IDENTIFIER', value: '1.3.6.1.4.1.8072' },
        { oid: '1.3.6.1.2.1.1.5.0', type: 'OCTET STRING', value: 'routér' },
        { oid: '1.3.6.1.4.1.8072.9.1', type: 'INTEGER', value: -5 },
        { oid: '1.3.6.1.4.1.8072.9.2', type: 'Gauge32', value: 4_000_000_000 },
        { oid: '1.3.6.1.4.1.8072.9.3', type: 'TimeTicks', value: 99 },
        { oid: '1.3.6.1.4.1.8072.9.4', type: 'Counter32', value: 7 },
        { oid: '1.3.6.1.4.1.8072.9.5', type: 'NULL', value: null },
      ],
      malformed: null,
      raw: null,
    });
  });

  test('an inform is a notification too', () => {
    expect(sent('v2c-inform-link-up')).toMatchObject({
      version: '2c',
      trapOid: '1.3.6.1.6.3.1.1.5.4',
      malformed: null,
    });
  });

  test('version 3 is kept raw where no user is configured', () => {
    expect(sent('v3')).toMatchObject({ version: '3', trapOid: null, malformed: 'no user of SNMP version 3 is configured', raw: captured.get('v3') }); // prettier-ignore
  });
});

describe('trap object identifiers (RFC 3584 section 3.1)', () => {
  test.each([
    [v1(0, 0), '1.3.6.1.6.3.1.1.5.1', null],
    [v1(5, 0), '1.3.6.1.6.3.1.1.5.6', null],
    [v1(6, 0x01, 0x00), '1.3.6.1.4.1.9.0.256', null],
    [v1(7, 0), null, 'generic trap 7, specific trap 0 is unknown'],
    [v1(6, 0xff), null, 'generic trap 6, specific trap -1 is unknown'],
  ])('%#', (bytes, expected, malformed) => {
    expect(decode(bytes)).toMatchObject({ trapOid: expected, malformed });
  });

  test('a proxy names the agent and the enterprise in version 2c', () => {
    const enterprise = ber(0x30, oid(0x2b, 6, 1, 6, 3, 1, 1, 4, 3, 0), oid(0x2b, 6, 1, 4, 1, 9));
    const address = ber(0x30, oid(0x2b, 6, 1, 6, 3, 18, 1, 3, 0), ber(0x40, 192, 0, 2, 77));
    expect(decode(v2(sysUpTime, trapOid, enterprise, address))).toMatchObject({
      enterprise: '1.3.6.1.4.1.9',
      agentAddress: '192.0.2.77',
      malformed: null,
    });
  });
});

describe('faults are marked, and what was read before them is kept', () => {
  const nearly = ber(0x30, oid(0x2b, 1), ber(0x41, 0xff, 0xff, 0xff, 0xff));
  const get = Uint8Array.from(v2(sysUpTime, trapOid));
  get[get.indexOf(0xa7)] = 0xa0;
  test.each([
    ['no SNMP', Uint8Array.from(Buffer.from('hello, world')), /message: tag 0x68/],
    ['nothing', new Uint8Array(), /message: cut off/],
    ['another version', Uint8Array.from(ber(0x30, ber(2, 2))), /version number 2/],
    ['a get', get, /PDU 0xa0 is no notification/],
    ['bytes behind', Uint8Array.from([...v2(sysUpTime, trapOid), 0]), /1 bytes too many/],
    ['wrong order', v2(trapOid, sysUpTime), /first variables/],
    ['no trap OID', v2(sysUpTime, nearly), /first variables/],
    [
      'trap OID of another type',
      v2(sysUpTime, ber(0x30, oid(0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0), ber(4, 0x61))),
      /snmpTrapOID.0 is no/,
    ],
    ['a sequence for a value', v2(sysUpTime, trapOid, ber(0x30, oid(0x2b, 1), ber(0x30))), /tag 0x30/],
    ['three parts in a binding', v2(sysUpTime, trapOid, ber(0x30, oid(0x2b, 1), ber(5), ber(5))), /more than a name/],
    ['a long integer', v2(sysUpTime, trapOid, ber(0x30, oid(0x2b, 1), ber(2, ...Array(10).fill(1)))), /no INTEGER/],
    [
      'an address of 16 bytes',
      v2(sysUpTime, trapOid, ber(0x30, oid(0x2b, 1), ber(0x40, ...Array(16).fill(1)))),
      /no IpAddress/,
    ],
    [
      'an endless arc',
      v2(sysUpTime, trapOid, ber(0x30, oid(0x2b, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), ber(5))),
      /no object identifier/,
    ],
    ['an indefinite length', Uint8Array.of(0x30, 0x80, 2, 1, 0, 0, 0), /length in 0 bytes/],
    ['a length of five bytes', Uint8Array.of(0x30, 0x85, 0, 0, 0, 0, 0), /length in 5 bytes/],
    ['a length of 2^32 - 1', Uint8Array.of(0x30, 0x84, 255, 255, 255, 255, 2), /announced/],
  ])('%s', (_name, bytes, reason) => {
    const record = decode(bytes);
    expect(record.malformed).toMatch(reason);
    expect(record.raw).toEqual(bytes);
  });

  test('variables before the fault are there', () => {
    const record = decode(v2(sysUpTime, trapOid, nearly, ber(0x30, oid(0x2b, 2), ber(0x40, 1))));
    expect(record).toMatchObject({ trapOid: '1.3.6.1.6.3.1.1.5.4', varbinds: [{ oid: '1.3.1', type: 'Counter32', value: 4_294_967_295 }] }); // prettier-ignore
    expect(record.malformed).toMatch(/no IpAddress/);
  });
});

describe('BER', () => {
  test('integers as two’s complement', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigInt64(0, value);
        const element = { tag: 2, start: 0, end: 8 };
        expect(signedInteger(bytes, element)).toBe(value);
        expect(unsignedInteger(bytes, element)).toBe(BigInt.asUintN(64, value));
      }),
    );
  });

  test('object identifiers', () => {
    const text = (...octets: number[]) =>
      objectIdentifierText(Uint8Array.from(octets), { tag: 6, start: 0, end: octets.length });
    expect(text(0x88, 0x37, 3)).toBe('2.999.3');
    expect(text(0)).toBe('0.0');
    expect(text(0x2b, 0x8f, 0xff, 0xff, 0xff, 0x7f)).toBe('1.3.4294967295');
    expect(text(0x2b, 0x90, 0x80, 0x80, 0x80, 0x00)).toBeNull();
    expect(text(0x2b, 0x81)).toBeNull();
    expect(text()).toBeNull();
  });

  test('the first fault stays', () => {
    const reader = new BerReader(Uint8Array.of(0x1f, 0x00));
    expect(reader.next('a')).toBeNull();
    expect(reader.integer('b')).toBeNull();
    expect(reader.fault).toBe('a: tag of several bytes');
  });
});

describe('any bytes', () => {
  const goldens = [...captured.values(), v1(6, 1)];
  const check = (bytes: Uint8Array) => {
    const record = decode(bytes);
    expect(record.raw === null).toBe(record.malformed === null);
    expect(JSON.stringify(record.varbinds) + record.community).not.toMatch(/\\u0000|\0/);
    return record;
  };

  test('cut at every byte is malformed', () => {
    for (const golden of goldens) {
      for (let end = 0; end < golden.length; end += 1) expect(check(golden.slice(0, end)).malformed).not.toBeNull();
    }
  });

  test('changed, and made up', () => {
    const changed = fc
      .tuple(fc.constantFrom(...goldens), fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { minLength: 1, maxLength: 6 }))
      .map(([golden, changes]) => {
        const bytes = golden.slice();
        for (const [offset, value] of changes) bytes[offset % bytes.length] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 200 })), (bytes) => void check(bytes)),
      {
        numRuns: 2000,
      },
    );
  });

  test('large ones in linear time', () => {
    const many = Array.from({ length: 6000 }, () => ber(0x30, oid(0x2b, 1), ber(5)));
    for (const bytes of [
      v2(sysUpTime, trapOid, ...many),
      v2(sysUpTime, trapOid, ber(0x30, oid(...Array(60_000).fill(1)), ber(5))),
    ]) {
      const before = process.cpuUsage().user;
      expect(check(bytes).malformed).toBeNull();
      expect((process.cpuUsage().user - before) / 1000).toBeLessThan(1000);
    }
  });
});
