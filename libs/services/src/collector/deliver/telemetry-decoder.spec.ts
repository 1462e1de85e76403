import { FlowColumns, recordsOfColumns } from '@hotstandby/decoders';
import type { Datagram } from '@hotstandby/ports';
import { describe, expect, it } from 'vitest';
import type { Records } from './decoder.ts';
import { TelemetryDecoder } from './telemetry-decoder.ts';

const u16 = (value: number) => [value >> 8, value & 255];
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)];

function datagram(receivedAtMs: number, bytes: number[], kind: Datagram['kind'] = 'flow'): Datagram {
  const sourceAddress = '192.0.2.9';
  return { kind, sourceAddress, sourcePort: 9000, localPort: 2055, receivedAtMs, bytes: Uint8Array.from(bytes) };
}

/** NetFlow version 9 (RFC 3954 section 5.1) with the given sets, source id 7. */
const v9 = (receivedAtMs: number, ...sets: number[][]) =>
  datagram(receivedAtMs, [
    ...u16(9),
    ...u16(1),
    ...u32(1000),
    ...u32(1_700_000_000),
    ...u32(1),
    ...u32(7),
    ...sets.flat(),
  ]);
const set = (id: number, content: number[]) => [...u16(id), ...u16(4 + content.length), ...content];
/** Template 256 of fields [element, length]. */
const template = (...fields: [number, number][]) =>
  set(0, [
    ...u16(256),
    ...u16(fields.length),
    ...fields.flatMap(([element, length]) => [...u16(element), ...u16(length)]),
  ]);
const protocolAndTos: [number, number][] = [
  [4, 1],
  [5, 1],
];
const tosAndProtocol: [number, number][] = [
  [5, 1],
  [4, 1],
];
const data = (...content: number[]) => set(256, content);

function decoding() {
  const decoder = new TelemetryDecoder();
  const records: Records = { syslog: [], traps: [], flows: [], columns: null, syslogColumns: null };
  const decode = (one: Datagram, final = false) => decoder.decode(one, records, final);
  const flows = () => records.flows.map(({ protocol, tos, malformed }) => malformed ?? `${protocol}/${tos}`);
  return { decoder, records, decode, flows };
}

describe('TelemetryDecoder', () => {
  it('lets flows wait for their template, and adds nothing of them until then', () => {
    const { decoder, decode, flows } = decoding();
    expect(decode(v9(1, data(6, 8)))).toBe(false);
    expect(flows()).toEqual([]);
    const before = decoder.version();
    expect(decode(v9(2, template(...protocolAndTos)))).toBe(true);
    expect(decoder.version()).not.toBe(before);
    expect(decode(v9(1, data(6, 8)))).toBe(true);
    expect(flows()).toEqual(['6/8']);
  });

  it('keeps flows raw whose template did not come, and does not wait for the same again', () => {
    const { records, decode, flows } = decoding();
    expect(decode(v9(1, data(6, 8)), true)).toBe(true);
    expect(flows()).toEqual(['template 256 did not come']);
    expect(records.flows[0]?.raw).toEqual(Uint8Array.of(6, 8));
    expect(decode(v9(2, data(17, 0)))).toBe(true);
    expect(flows()).toHaveLength(2);
    decode(v9(3, template(...protocolAndTos)));
    decode(v9(4, data(17, 0)));
    expect(flows()[2]).toBe('17/0');
  });

  it('decodes at once what the watch learned the template of', () => {
    const { decoder, decode, flows } = decoding();
    decoder.learn(v9(1, template(...protocolAndTos)));
    expect(decode(v9(2, data(6, 8)))).toBe(true);
    expect(flows()).toEqual(['6/8']);
  });

  it('decodes a backlog with the templates of its time, although the watch is ahead', () => {
    const { decoder, decode, flows } = decoding();
    decoder.learn(v9(10, template(...protocolAndTos)));
    decoder.learn(v9(20, template(...tosAndProtocol)));
    decode(v9(5, data(1, 2)));
    decode(v9(15, data(1, 2)));
    decode(v9(25, data(1, 2)));
    expect(flows()).toEqual(['1/2', '1/2', '2/1']);
  });

  it('goes by its own order where both readers saw the same', () => {
    const { decoder, decode, flows } = decoding();
    decoder.learn(v9(20, template(...tosAndProtocol)));
    decode(v9(10, template(...protocolAndTos)));
    decode(v9(15, data(1, 2)));
    decode(v9(20, template(...tosAndProtocol)));
    decode(v9(21, data(1, 2)));
    expect(flows()).toEqual(['1/2', '2/1']);
  });

  it('puts flows into columns where these hold them whole, and makes records of the others', () => {
    const decoder = new TelemetryDecoder();
    const columns = new FlowColumns('flows');
    const records: Records = { syslog: [], traps: [], flows: [], columns, syslogColumns: null };
    const decode = (one: Datagram, final = false) => decoder.decode(one, records, final);
    const counted: [number, number][] = [[4, 1], [5, 1], [1, 1]]; // prettier-ignore
    const withUnknown: [number, number][] = [[4, 1], [5, 1], [1, 1], [999, 1]]; // prettier-ignore
    const found = () => [
      recordsOfColumns(columns).map(({ protocol, octets }) => `${protocol} ${octets}`),
      records.flows.map(({ protocol, extra, malformed }) => malformed ?? `${protocol} ${JSON.stringify(extra)}`),
    ];
    // Before its template: nothing at all, then a datagram with both, then columns.
    expect(decode(v9(1, data(6, 8, 9)))).toBe(false);
    expect(found()).toEqual([[], []]);
    expect(decode(v9(2, template(...counted), data(6, 8, 1)))).toBe(true);
    expect(decode(v9(1, data(6, 8, 9)))).toBe(true);
    expect(decode(v9(3, data(17, 8, 2)))).toBe(true);
    expect(found()).toEqual([['6 9', '17 2'], ['6 null']]);
    // The template changes to one that columns do not hold, and back.
    decode(v9(4, template(...withUnknown)));
    expect(decode(v9(5, data(1, 0, 3, 7)))).toBe(true);
    decode(v9(6, template(...counted)));
    expect(decode(v9(7, data(2, 0, 4)))).toBe(true);
    expect(found()).toEqual([
      ['6 9', '17 2', '2 4'],
      ['6 null', '1 {"0.999":"07"}'],
    ]);
    // What waits for another template in the same datagram waits whole.
    expect(decode(v9(8, data(3, 0, 5), set(300, [1, 2, 3])))).toBe(false);
    expect(decode(v9(8, data(3, 0, 5), set(300, [1, 2, 3])), true)).toBe(true);
    expect(found()[1]?.slice(2)).toEqual(['3 null', 'template 300 did not come']);
  });

  it('never throws, whatever the kind and the bytes', () => {
    const { decode } = decoding();
    let seed = 20_261_121;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648);
    for (let round = 0; round < 600; round++) {
      const bytes = Array.from({ length: random() % 200 }, () => random() % 256);
      for (const kind of ['syslog', 'trap', 'flow'] as const) {
        const start = kind === 'flow' ? u16([5, 9, 10, 0][round % 4] ?? 0) : [];
        expect(decode(datagram(round, [...start, ...bytes], kind), true), `seed 20261121, round ${round}`).toBe(true);
      }
    }
  });
});
