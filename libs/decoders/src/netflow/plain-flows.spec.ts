import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ipv4Text } from '../text/address.ts';
import { decodePlainFlows } from './decode-plain-flows.ts';
import { decodeFlows } from './decode-flows.ts';
import { PlainFlows } from './plain-flows.ts';
import { TemplateCache } from './template-cache.ts';

const context = { sourceAddress: '192.0.2.9', receivedAtMs: 1_700_000_000_000 };

function summed(columns: PlainFlows) {
  return Array.from({ length: columns.count }, (_, row) => ({
    source: addressOf(columns.source[row] ?? 0),
    destination: addressOf(columns.destination[row] ?? 0),
    ports: [(columns.ports[row] ?? 0) >>> 16, (columns.ports[row] ?? 0) & 0xffff],
    protocol: columns.protocol[row],
    interfaces: [columns.input[row], columns.output[row]],
    counts: [columns.packets[row], columns.octets[row]],
  }));
}
const addressOf = (bits: number) => ipv4Text(Uint8Array.of(bits >>> 24, bits >>> 16, bits >>> 8, bits), 0);

/** What the decoder of records says of the same datagram. */
function recorded(bytes: Uint8Array, templates: TemplateCache) {
  const { records, pending } = decodeFlows(bytes, context, templates);
  return {
    plain: pending.length === 0 && records.every(({ malformed }) => malformed === null),
    flows: records.map((record) => ({
      source: record.sourceAddress,
      destination: record.destinationAddress,
      ports: [record.sourcePort ?? 0, record.destinationPort ?? 0],
      protocol: record.protocol ?? 0,
      interfaces: [record.inputInterface ?? 0, record.outputInterface ?? 0],
      counts: [Number(record.packets ?? 0), Number(record.octets ?? 0)],
    })),
  };
}

function netflow5(records: number, announced = records): Uint8Array {
  const bytes = Uint8Array.from({ length: 24 + records * 48 }, (_, index) => (index * 37 + 11) & 255);
  bytes.set([0, 5, announced >> 8, announced & 255]);
  return bytes;
}

const fields = [
  [8, 4],
  [12, 4],
  [27, 16],
  [28, 16],
  [7, 2],
  [7, 4],
  [11, 2],
  [4, 1],
  [4, 2],
  [1, 1],
  [1, 3],
  [1, 4],
  [1, 8],
  [2, 8],
  [2, 4],
  [10, 2],
  [14, 4],
  [14, 8],
  [22, 4],
  [21, 4],
  [152, 8],
  [5, 1],
  [61, 1],
  [82, 65_535],
  [4000, 5],
  [210, 3],
] as const;

function message(version: 9 | 10, ...sets: number[][]): Uint8Array {
  const body = sets.flat();
  const header = version === 9 ? 20 : 16;
  const bytes = new Uint8Array(header + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, version);
  view.setUint16(2, version === 10 ? bytes.length : 1);
  bytes.set(body, header);
  return bytes;
}
const word = (value: number) => [value >> 8, value & 255];
const set = (id: number, content: number[]) => [...word(id), ...word(content.length + 4), ...content];

it('reads version 5 as the decoder of records does, at every length', () => {
  for (const [records, announced] of [
    [30, 30],
    [1, 1],
    [0, 0],
    [3, 2],
    [2, 3],
  ] as const) {
    const bytes = netflow5(records, announced);
    for (const end of [bytes.length, bytes.length - 1, 24, 23, 4, 1, 0]) {
      const columns = new PlainFlows();
      const cut = bytes.subarray(0, Math.max(0, end));
      const expected = recorded(cut, new TemplateCache());
      const done = decodePlainFlows(cut, context, new TemplateCache(), columns);
      expect([records, announced, end, done]).toEqual([records, announced, end, expected.plain]);
      expect(summed(columns)).toEqual(done ? expected.flows : []);
    }
  }
});

it('reads templates of any kind as the decoder of records does, or leaves them to it', () => {
  let done = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(9 as const, 10 as const),
      fc.boolean(),
      fc.subarray([...fields], { minLength: 1, maxLength: 5 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(0, 0, 0, 0, 1, 4),
      (version, withAddresses, some, data, cut) => {
        const chosen = withAddresses
          ? [fields[0], fields[1], ...some.filter(([number]) => ![8, 12, 27, 28].includes(number))]
          : some;
        const template = message(
          version,
          set(version === 9 ? 0 : 2, [
            ...word(256),
            ...word(chosen.length),
            ...chosen.flatMap(([number, length]) => [...word(number), ...word(length)]),
          ]),
        );
        const whole = message(version, set(256, [...data]));
        const bytes = whole.subarray(0, whole.length - cut);
        const templates = new TemplateCache();
        const columns = new PlainFlows();
        expect(decodePlainFlows(bytes, context, templates, columns)).toBe(false);
        decodeFlows(template, context, templates);
        const plain = decodePlainFlows(bytes, context, templates, columns);
        if (!plain) {
          expect([columns.count, columns.runs]).toEqual([0, []]);
          return;
        }
        done++;
        const expected = recorded(bytes, templates);
        expect(expected.plain).toBe(true);
        expect(summed(columns)).toEqual(expected.flows);
        expect(columns.runs.length).toBe(columns.count > 0 ? 1 : 0);
      },
    ),
    { numRuns: 1000 },
  );
  expect(done).toBeGreaterThan(20);
});

it('keeps datagrams apart, and grows', () => {
  const columns = new PlainFlows();
  for (let n = 0; n < 100; n++)
    expect(decodePlainFlows(netflow5(30), { ...context, receivedAtMs: n }, new TemplateCache(), columns)).toBe(true);
  expect(columns.count).toBe(3000);
  expect(columns.runs.map(({ receivedAtMs, end }) => [receivedAtMs, end])).toEqual(
    Array.from({ length: 100 }, (_, n) => [n, (n + 1) * 30]),
  );
  expect(summed(columns).slice(2970)).toEqual(summed(columns).slice(0, 30));
});
