import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFlows } from './decode-flows.ts';
import { learnTemplates } from './learn-templates.ts';
import { abandonPending, decodePending } from './pending.ts';
import { TemplateCache } from './template-cache.ts';

const exportSeconds = Date.UTC(2026, 10, 21, 12) / 1000;
const exportMs = exportSeconds * 1000;
const uptimeMs = 600_000;
const context = { sourceAddress: '192.0.2.1', receivedAtMs: exportMs + 250 };

const u8 = (...values: number[]) => values;
const u16 = (...values: number[]) => values.flatMap((value) => [(value >>> 8) & 0xff, value & 0xff]);
const u32 = (...values: number[]) => values.flatMap((value) => [...u16(value >>> 16), ...u16(value & 0xffff)]);
const u64 = (value: bigint) => [...u32(Number(value >> 32n)), ...u32(Number(value & 0xffff_ffffn))];
const ip = (text: string) => text.split('.').map(Number);
const ascii = (text: string) => Array.from(Buffer.from(text));
const set = (id: number, ...content: number[][]) => [...u16(id, 4 + content.flat().length), ...content.flat()];
const v9 = (...sets: number[][]) =>
  Uint8Array.from([...u16(9, sets.length), ...u32(uptimeMs, exportSeconds, 7, 42), ...sets.flat()]);
const ipfix = (...sets: number[][]) =>
  Uint8Array.from([...u16(10, 16 + sets.flat().length), ...u32(exportSeconds, 7, 42), ...sets.flat()]);
const decode = (bytes: Uint8Array, cache = new TemplateCache()) => decodeFlows(bytes, context, cache);

/** RFC 7011 appendix A.2.1 and A.3. */
const exampleTemplate = set(2, u16(256, 5), u16(8, 4, 12, 4, 15, 4, 2, 4, 1, 4));
const exampleData = set(
  256,
  [...ip('192.0.2.12'), ...ip('192.0.2.254'), ...ip('192.0.2.1'), ...u32(5009, 5_344_385)],
  [...ip('192.0.2.27'), ...ip('192.0.2.23'), ...ip('192.0.2.2'), ...u32(748, 388_934)],
  [...ip('192.0.2.56'), ...ip('192.0.2.65'), ...ip('192.0.2.3'), ...u32(5, 6534)],
);

describe('IPFIX (RFC 7011)', () => {
  test('appendix A: template and data', () => {
    const { records, learned } = decode(ipfix(exampleTemplate, exampleData));
    expect(learned).toHaveLength(1);
    expect(records).toHaveLength(3);
    expect(records[0]).toMatchObject({ version: 10, observationDomain: 42, exporter: '192.0.2.1', sourceAddress: '192.0.2.12', destinationAddress: '192.0.2.254', packets: 5009n, octets: 5_344_385n, startMs: null, malformed: null }); // prettier-ignore
    expect(records.map((record) => record.extra)).toEqual(
      [1, 2, 3].map((n) => ({ ipNextHopIPv4Address: `192.0.2.${n}` })),
    );
  });

  test('enterprise fields are kept by number, in hex; the reverse direction (RFC 5103) by name', () => {
    const template = set(2, [
      ...u16(257, 4),
      ...u16(8, 4),
      ...u16(0x8000 | 15, 4),
      ...u32(32_473),
      ...u16(0x8000 | 1, 8),
      ...u32(29_305),
      ...u16(400, 2),
    ]);
    const data = set(257, ip('192.0.2.9'), u32(0xdeadbeef), u64(77n), u16(0x0102));
    expect(decode(ipfix(template, data)).records[0]?.extra).toEqual({
      '32473.15': 'deadbeef',
      reverseOctetDeltaCount: 77,
      '0.400': '0102',
    });
  });

  test('variable length in one and in three bytes (section 7)', () => {
    const template = set(2, u16(258, 3), u16(371, 65_535, 82, 65_535, 4, 1));
    const long = 'x'.repeat(1000);
    const data = set(
      258,
      u8(5),
      ascii('alice'),
      u8(255),
      u16(1000),
      ascii(long),
      u8(6),
      u8(0),
      u8(255),
      u16(0),
      u8(17),
    );
    const { records } = decode(ipfix(template, data));
    expect(records.map(({ protocol, extra, malformed }) => ({ protocol, extra, malformed }))).toEqual([
      { protocol: 6, extra: { userName: 'alice', interfaceName: long }, malformed: null },
      { protocol: 17, extra: { userName: '', interfaceName: '' }, malformed: null },
    ]);
  });

  test('a variable field that runs past its set: what was before it is good, the datagram is kept', () => {
    const template = set(2, u16(258, 2), u16(4, 1, 371, 65_535));
    const bytes = ipfix(template, set(258, u8(6, 1), ascii('a'), u8(17, 9), ascii('b')));
    const { records } = decode(bytes);
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({ protocol: 6, extra: { userName: 'a' } });
    expect(records[1]).toMatchObject({ malformed: 'a record of template 258 runs past its set', raw: bytes });
  });

  test('padding behind the records is no record', () => {
    const padded = set(256, exampleData.slice(4, 24), [0, 0, 0]);
    expect(decode(ipfix(exampleTemplate, padded)).records).toHaveLength(1);
  });

  test('withdrawal of one template, of all, and of all options (section 8.1)', () => {
    const cache = new TemplateCache();
    const options = set(3, u16(300, 2, 1), u16(149, 4, 41, 8));
    decode(ipfix(exampleTemplate, set(2, u16(257, 1, 4, 1)), options), cache);
    expect(cache.size).toBe(3);
    expect(decode(ipfix(set(2, u16(256, 0))), cache).withdrawn).toBe(1);
    expect(decode(ipfix(exampleData), cache).pending).toHaveLength(1);
    expect(decode(ipfix(set(3, u16(3, 0))), cache).withdrawn).toBe(1);
    expect(cache.size).toBe(1);
    expect(decode(ipfix(set(2, u16(2, 0))), cache).withdrawn).toBe(1);
    expect(cache.size).toBe(0);
    expect(decode(ipfix(set(2, u16(256, 0))), cache)).toMatchObject({ withdrawn: 0, records: [] });
  });

  test('options are recognised and counted', () => {
    const options = set(3, u16(300, 2, 1), u16(149, 4, 41, 8));
    const data = set(300, u32(42), u64(1n), u32(43), u64(2n));
    expect(decode(ipfix(options, data))).toMatchObject({ records: [], pending: [], optionsRecords: 2 });
  });

  test('a template that is redefined counts from then on', () => {
    const cache = new TemplateCache();
    decode(ipfix(exampleTemplate), cache);
    const { learned, records } = decode(ipfix(set(2, u16(256, 1, 7, 2)), set(256, u16(443))), cache);
    expect(learned).toHaveLength(1);
    expect(records).toMatchObject([{ sourcePort: 443, sourceAddress: null }]);
    expect(decode(ipfix(set(2, u16(256, 1, 7, 2))), cache).learned).toEqual([]);
  });

  test.each([
    [150, u32(exportSeconds), exportMs],
    [152, u64(BigInt(exportMs) + 123n), exportMs + 123],
    [154, [...u32(exportSeconds + 2_208_988_800), ...u32(0x8000_0000)], exportMs + 500],
    [156, [...u32(exportSeconds + 2_208_988_800), ...u32(0x4000_0000)], exportMs + 250],
    [158, u32(2_000_000), exportMs - 2000],
  ])('element %i as a start', (element, octets, expected) => {
    const { records } = decode(ipfix(set(2, u16(256, 1, element, octets.length)), set(256, octets)));
    expect(records).toMatchObject([{ startMs: expected, extra: null, malformed: null }]);
  });

  test('a time beyond what a record holds, and uptime without a start, stay in extra', () => {
    const template = set(2, u16(256, 2), u16(152, 8, 22, 4));
    expect(decode(ipfix(template, set(256, u64(2n ** 64n - 1n), u32(5)))).records).toMatchObject([
      { startMs: null, extra: { flowStartMilliseconds: '18446744073709551615', flowStartSysUpTime: 5 } },
    ]);
    expect(decode(ipfix(set(2, u16(256, 1, 22, 4)), set(256, u32(5)))).records).toMatchObject([
      { startMs: null, extra: { flowStartSysUpTime: 5 } },
    ]);
  });
});

describe('values and the fields they fill', () => {
  const one = (specifiers: number[], octets: number[]) =>
    decode(ipfix(set(2, u16(256, specifiers.length / 2), u16(...specifiers)), set(256, octets))).records[0];

  test('counters up to 2^63 - 1, larger ones in extra', () => {
    expect(one([1, 8, 2, 8], [...u64(2n ** 63n - 1n), ...u64(2n ** 63n)])).toMatchObject({
      octets: 2n ** 63n - 1n,
      packets: null,
      extra: { packetDeltaCount: '9223372036854775808' },
    });
  });

  test('reduced and unusual lengths (RFC 7011 section 6.2)', () => {
    expect(
      one([1, 3, 2, 5, 10, 8, 7, 4, 8, 3], [1, 0, 0, 0, 0, 0, 0, 9, ...u64(2n ** 32n), ...u32(443), 1, 2, 3]),
    ).toMatchObject({
      octets: 65_536n,
      packets: 9n,
      inputInterface: null,
      sourcePort: 443,
      sourceAddress: null,
      extra: { ingressInterface: 4_294_967_296, sourceIPv4Address: '010203' },
    });
  });

  test('both families in one template: the one that is not all zeros', () => {
    const v6 = [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), 1];
    expect(one([8, 4, 27, 16], [0, 0, 0, 0, ...v6])).toMatchObject({ sourceAddress: '2001:db8::1', extra: null });
    expect(one([8, 4, 27, 16], [192, 0, 2, 1, ...Array<number>(16).fill(0)])).toMatchObject({
      sourceAddress: '192.0.2.1',
      extra: null,
    });
    expect(one([27, 16, 8, 4], [...v6, 192, 0, 2, 1])).toMatchObject({
      sourceAddress: '2001:db8::1',
      extra: { sourceIPv4Address: '192.0.2.1' },
    });
  });

  test('the better of two elements fills the field, whatever their order', () => {
    expect(one([85, 4, 1, 4], [...u32(1000), ...u32(10)])).toMatchObject({
      octets: 10n,
      extra: { octetTotalCount: 1000 },
    });
    expect(one([231, 4, 232, 4], [...u32(1000), ...u32(10)])).toMatchObject({
      octets: 1000n,
      extra: { responderOctets: 10 },
    });
  });

  test('equal fields in one template are told apart', () => {
    expect(one([58, 2, 58, 2, 4, 1], [...u16(10, 20), 6])?.extra).toEqual({ vlanId: 10, 'vlanId#2': 20 });
  });

  test('text, address and padding', () => {
    expect(
      one(
        [82, 6, 56, 6, 210, 2, 62, 16],
        [...ascii('eth0'), 0, 0, 2, 0, 0, 0, 0, 10, 9, 9, ...Array<number>(16).fill(0)],
      )?.extra,
    ).toEqual({
      interfaceName: 'eth0',
      sourceMacAddress: '02:00:00:00:00:0a',
      ipNextHopIPv6Address: '::',
    });
    expect(one([82, 3], [...ascii('a'), 0, 0x80])?.extra).toEqual({ interfaceName: 'a\uFFFD\uFFFD' });
  });
});

describe('NetFlow version 9 (RFC 3954)', () => {
  const template = set(0, u16(256, 4), u16(8, 4, 12, 4, 22, 4, 21, 4));
  const flow = (start: number, end: number) => [...ip('192.0.2.7'), ...ip('192.0.2.8'), ...u32(start, end)];

  test('times are relative to the uptime of the header, also when it began anew', () => {
    const { records } = decode(v9(template, set(256, flow(540_000, 599_000), flow(2 ** 32 - 1000, 1000))));
    expect(records).toMatchObject([
      { version: 9, observationDomain: 42, startMs: exportMs - 60_000, endMs: exportMs - 1000 },
      { startMs: exportMs - uptimeMs - 1000, endMs: exportMs - uptimeMs + 1000 },
    ]);
  });

  test('several templates in a set, and more padding than there should be', () => {
    const two = set(0, u16(256, 1, 7, 2), u16(257, 1, 11, 2), Array<number>(8).fill(0));
    const { records, learned } = decode(v9(two, set(256, u16(1, 2)), set(257, u16(3), [0])));
    expect(learned).toHaveLength(2);
    expect(records).toMatchObject([{ sourcePort: 1 }, { sourcePort: 2 }, { destinationPort: 3 }]);
  });

  test('options: lengths in bytes, scopes that are no elements', () => {
    const options = set(1, u16(257, 4, 8), u16(1, 4, 34, 4, 35, 1), [0, 0]);
    const result = decode(v9(options, set(257, u32(9, 100), u8(2), [0, 0, 0])));
    expect(result).toMatchObject({ records: [], optionsRecords: 1, learned: [{ scopeFields: 1 }] });
  });

  test('the highest bit of a field type is no enterprise bit', () => {
    expect(decode(v9(set(0, u16(256, 1, 40_000, 2)), set(256, u16(0xabcd)))).records[0]?.extra).toEqual({
      '0.40000': 'abcd',
    });
  });

  test('the same id of another domain, exporter or version is another template', () => {
    const cache = new TemplateCache();
    decode(v9(template), cache);
    const otherDomain = v9(set(256, flow(1, 2)));
    otherDomain[19] = 43;
    expect(decode(otherDomain, cache).pending).toHaveLength(1);
    expect(decode(ipfix(set(256, flow(1, 2))), cache).pending).toHaveLength(1);
    expect(
      decodeFlows(v9(set(256, flow(1, 2))), { ...context, sourceAddress: '192.0.2.2' }, cache).pending,
    ).toHaveLength(1);
    expect(decode(v9(set(256, flow(1, 2))), cache).records).toHaveLength(1);
  });

  test('a set that waited too long becomes a record with its octets', () => {
    const [pending] = decode(v9(set(256, flow(1, 2)))).pending;
    expect(pending && abandonPending(pending)).toMatchObject({ exporter: '192.0.2.1', version: 9, malformed: 'template 256 did not come', raw: Uint8Array.from(flow(1, 2)) }); // prettier-ignore
    const cache = new TemplateCache();
    decode(v9(set(0, u16(256, 1, 7, 15))), cache);
    expect(pending && decodePending(pending, cache)).toHaveLength(1);
  });
});

describe('what no exporter should send', () => {
  test.each([
    ['nothing', new Uint8Array(), /no version/],
    ['another version', Uint8Array.from(u16(8, 1)), /version 8 is not read/],
    ['half a header', v9().slice(0, 19), /header is cut off/],
    ['half a header of IPFIX', ipfix().slice(0, 15), /header is cut off/],
    ['half a header of version 5', Uint8Array.from(u16(5, 1)), /header is cut off/],
    ['a template without fields', v9(set(0, u16(256, 0))), /no fields/],
    ['a template of no length', v9(set(0, u16(256, 2, 1, 0, 2, 0)), set(256, u32(0))), /records of no length/],
    ['a template of no length in IPFIX', ipfix(set(2, u16(256, 1, 1, 0))), /records of no length/],
    ['too many fields', ipfix(set(2, u16(256, 600), Array<number[]>(600).fill(u16(1, 4)).flat())), /600 fields/],
    ['a template that is cut off', ipfix(set(2, u16(256, 3), u16(1, 4))), /template 256 is cut off/],
    ['an enterprise field that is cut off', ipfix(set(2, u16(256, 1, 0x8001, 4))), /template 256 is cut off/],
    ['options that are cut off', ipfix(set(3, u16(256, 1))), /template 256 is cut off/],
    ['more scopes than fields', ipfix(set(3, u16(256, 1, 2, 1, 4))), /more scope fields/],
    ['a reserved template id', v9(set(0, u16(255, 1, 1, 4))), /template id 255 is reserved/],
    ['a set of no length', v9([0, 0, 0, 0]), /set of 0 bytes/],
    ['a set that is too long', v9([...u16(256, 100)]), /set of 100 bytes, 4 there/],
    ['bytes behind the last set', v9([1, 2]), /2 bytes behind/],
    ['a wrong message length', Uint8Array.from([...u16(10, 999), ...ipfix().slice(4), 0, 0]), /message length 999/],
  ])('%s', (_name, bytes, reason) => {
    const { records } = decode(bytes);
    expect(records).toHaveLength(1);
    expect(records[0]?.malformed).toMatch(reason);
    expect(records[0]?.raw).toEqual(bytes);
  });

  test('a refused template leaves the known one in force', () => {
    const cache = new TemplateCache();
    decode(ipfix(exampleTemplate), cache);
    decode(ipfix(set(2, u16(256, 1, 1, 0))), cache);
    expect(decode(ipfix(exampleData), cache).records).toHaveLength(3);
  });
});

describe('any bytes', () => {
  const goldens = [
    ipfix(exampleTemplate, exampleData),
    ipfix(
      set(2, u16(258, 3), u16(371, 65_535, 82, 65_535, 4, 1)),
      set(258, u8(1), ascii('a'), u8(0), u8(6)),
      set(2, u16(2, 0)),
    ),
    ipfix(set(3, u16(300, 2, 1), u16(149, 4, 160, 8)), set(300, u32(42), u64(5n))),
    v9(
      set(0, u16(256, 4), u16(8, 4, 12, 4, 22, 4, 21, 4)),
      set(256, [...ip('192.0.2.7'), ...ip('192.0.2.8'), ...u32(1, 2)]),
    ),
    v9(set(1, u16(257, 4, 8), u16(1, 4, 34, 4, 35, 1), [0, 0]), set(257, u32(9, 100), u8(2), [0, 0, 0])),
  ];
  const check = (bytes: Uint8Array) => {
    const cache = new TemplateCache();
    const result = decode(bytes, cache);
    for (const record of result.records) {
      expect(record.raw === null).toBe(record.malformed === null);
      expect(JSON.stringify(record.extra)).not.toContain(String.raw`\u0000`);
      for (const time of [record.startMs, record.endMs])
        if (time !== null) expect(Number.isSafeInteger(time)).toBe(true);
    }
    for (const pending of result.pending) decodePending(pending, cache);
    // A standby that only learns knows the same afterwards.
    const standby = new TemplateCache();
    const { learned, withdrawn } = learnTemplates(bytes, context, standby);
    expect({ learned, withdrawn }).toEqual({ learned: result.learned, withdrawn: result.withdrawn });
    expect(standby.export()).toEqual(cache.export());
    return result;
  };

  test('cut at every byte', () => {
    for (const golden of goldens) {
      for (let end = 0; end < golden.length; end += 1)
        expect(check(golden.slice(0, end)).records.length).toBeGreaterThanOrEqual(end < 16 ? 1 : 0);
    }
  });

  test('changed, and made up', () => {
    const changed = fc
      .tuple(fc.constantFrom(...goldens), fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { maxLength: 8 }))
      .map(([golden, changes]) => {
        const bytes = golden.slice();
        for (const [offset, value] of changes) bytes[offset % bytes.length] = value;
        return bytes;
      });
    const madeUp = fc
      .tuple(fc.constantFrom(5, 9, 10), fc.uint8Array({ maxLength: 200 }))
      .map(([version, rest]) => Uint8Array.from([0, version, ...rest]));
    fc.assert(
      fc.property(fc.oneof(changed, madeUp), (bytes) => void check(bytes)),
      { numRuns: 3000 },
    );
  });

  test('what is learned first decodes the rest, for any template and record', () => {
    const field = fc.constantFrom([1, 8], [2, 4], [4, 1], [8, 4], [27, 16], [371, 3], [152, 8], [22, 4], [9999, 5]);
    fc.assert(
      fc.property(
        fc.array(field, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 20 }),
        (fields, count) => {
          const bytes = fields.reduce((sum, [, length = 0]) => sum + length, 0);
          const template = set(2, u16(256, fields.length), u16(...fields.flat()));
          const { records } = decode(ipfix(template, set(256, Array<number>(bytes * count).fill(0x2a))));
          expect(records).toHaveLength(count);
          for (const record of records) expect(record.malformed).toBeNull();
        },
      ),
    );
  });

  test('large ones in linear time', () => {
    const tiny = set(2, u16(256, 1, 4, 1));
    const large = [
      ipfix(tiny, set(256, Array<number>(65_000).fill(6))),
      ipfix(set(2, u16(256, 1, 371, 65_535)), set(256, Array<number>(65_000).fill(0))),
      ipfix(set(2, Array.from({ length: 8000 }, (_, index) => u16(256 + index, 1, 4, 1)).flat())),
      ipfix(set(2, Array.from({ length: 16_000 }, (_, index) => u16(256 + index, 0)).flat())),
      ipfix(
        set(
          2,
          ...Array.from({ length: 30 }, (_, index) => [
            ...u16(256 + index, 500),
            ...Array<number[]>(500).fill(u16(58, 1)).flat(),
          ]),
        ),
      ),
      v9(...Array.from({ length: 15_000 }, () => set(256))),
    ];
    for (const bytes of large) {
      const before = process.cpuUsage().user;
      decode(bytes);
      expect((process.cpuUsage().user - before) / 1000).toBeLessThan(2000);
    }
  });
});
