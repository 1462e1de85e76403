import fc from 'fast-check';
import { TrafficSums } from '@hotstandby/core/traffic';
import { expect, it } from 'vitest';
import { fieldOf, fieldsOf, lastStorableMs, shortLength, type Column, type ColumnType } from './column.ts';
import { messageKey } from './message-key.ts';
import { flowColumns, recordTables } from './record-columns.ts';
import { trafficRows } from './traffic-rows.ts';

const loneSurrogate = '\uD800';

it.each<[ColumnType, unknown, unknown]>([
  ['text', 'nul\0here', 'nul\uFFFDhere'],
  ['text', `lone${loneSurrogate}`, 'lone\uFFFD'],
  ['text', 5, undefined],
  ['text', 'x'.repeat(70_000), 'x'.repeat(70_000)],
  ['short', 'x'.repeat(shortLength), 'x'.repeat(shortLength)],
  ['short', 'x'.repeat(shortLength + 1), undefined],
  ['address', '192.0.2.1', '192.0.2.1'],
  ['address', '2001:db8::1', '2001:db8::1'],
  ['address', '::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['address', 'fe80::1%eth0', undefined],
  ['address', '10.0.0.256', undefined],
  ['address', '', undefined],
  ['int2', 32_767, 32_767],
  ['int2', 32_768, undefined],
  ['int2', 0.5, undefined],
  ['int4', -(2 ** 31), -(2 ** 31)],
  ['int4', 2 ** 31, undefined],
  ['int8', 2n ** 63n - 1n, 2n ** 63n - 1n],
  ['int8', 2n ** 63n, undefined],
  ['int8', 2 ** 60, undefined],
  ['instant', 1_700_000_000_123.9, new Date(1_700_000_000_123)],
  ['instant', Number.NaN, undefined],
  ['instant', -1, undefined],
  ['instant', lastStorableMs + 1, undefined],
  ['json', { 'k\0': [2n ** 70n, '\uDFFF'] }, '{"k\uFFFD":["1180591620717411303424","\uFFFD"]}'],
  ['bytes', new Uint8Array([0, 1, 255]), Buffer.from([0, 1, 255])],
  ['bytes', 'text', undefined],
  ['int8', null, null],
  ['text', undefined, null],
])('makes of a value for a column of type %s what that holds, or nothing', (type, value, field) => {
  expect(fieldOf(type, value)).toEqual(field);
});

interface Odd {
  when: number;
  name: unknown;
  port: unknown;
}
const columns: Column<Odd>[] = [
  { name: 'received_at', type: 'instant', of: (r) => r.when, otherwise: new Date(0) },
  { name: 'name', type: 'short', of: (r) => r.name },
  { name: 'port', type: 'int4', of: (r) => r.port },
];

it('names every value that was left out, a long text whole', () => {
  const fields = fieldsOf(columns, { when: Number.NaN, name: 'n'.repeat(1000), port: 2n ** 40n });
  expect(fields.slice(0, 3)).toEqual([new Date(0), null, null]);
  expect(fields[3]).toBe(`received_at: null; name: ${'n'.repeat(1000)}; port: ${2n ** 40n}`);
  expect(fieldsOf(columns, { when: 5, name: null, port: 1 })).toEqual([new Date(5), null, 1, null]);
});

it('never throws, whatever a record holds', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(recordTables)), fc.anything({ withBigInt: true }), (table, value) => {
      const record = new Proxy({}, { get: () => value });
      const fields = fieldsOf(table as readonly Column<unknown>[], record);
      expect(fields).toHaveLength(table.length + 1);
      expect(fields).not.toContain(undefined);
    }),
  );
});

it('keeps what nearly every exporter sends in columns, and what these cannot hold in extra', () => {
  const extra = {
    ipNextHopIPv4Address: '192.0.2.254',
    bgpSourceAsNumber: 64_496,
    bgpDestinationAsNumber: '18446744073709551615',
    sourceIPv4PrefixLength: 24,
    vlanId: 7,
  };
  const record = new Proxy({} as Parameters<(typeof flowColumns)[number]['of']>[0], {
    get: (_, name) => (name === 'extra' ? extra : null),
  });
  const fields = fieldsOf(flowColumns, record);
  const stored = Object.fromEntries(flowColumns.map(({ name }, index) => [name, fields[index]]));
  expect(stored).toMatchObject({
    next_hop: '192.0.2.254',
    source_as: 64_496,
    destination_as: null,
    source_prefix: 24,
    destination_prefix: null,
    extra: '{"bgpDestinationAsNumber":"18446744073709551615","vlanId":7}',
  });
  expect(fields.at(-1)).toBeNull();
});

it('has an otherwise for whatever must not be null', () => {
  const record = new Proxy({} as Parameters<(typeof flowColumns)[number]['of']>[0], { get: () => null });
  expect(fieldsOf(flowColumns, record)[0]).toEqual(new Date(0));
});

it('keeps a key that fits, and makes of any other one that is as much its own', () => {
  expect(messageKey('node-1:17')).toBe('node-1:17');
  const [one, other] = [messageKey(`${'x'.repeat(300)}1`), messageKey(`${'x'.repeat(300)}2`)];
  expect([one.length, other.length]).toEqual([200, 200]);
  expect(one).not.toBe(other);
  // Blanks at the end do not tell keys apart.
  expect(messageKey('a ').trimEnd()).not.toBe(messageKey('a'));
});

it('makes rows of sums that every column takes, whatever was summed', () => {
  const sums = new TrafficSums(3);
  const odd = {
    exporter: 'not an address',
    receivedAtMs: 1e20,
    sourceAddress: 'x',
    destinationAddress: '2001:db8::1',
    sourcePort: -5,
    destinationPort: 1e9,
    protocol: -40_000,
    packets: 2n ** 70n,
    octets: Number.NaN,
    inputInterface: -1,
    outputInterface: 0.5,
  };
  sums.addOther(odd);
  expect([...trafficRows('conversations_part', sums)]).toEqual([
    [new Date(0), null, '0.0.0.0', '2001:db8::1', expect.any(Number), expect.any(Number), 1, 2n ** 63n - 1024n, 0n],
  ]);
  for (const table of ['traffic_part', 'applications_part'] as const)
    for (const row of trafficRows(table, sums)) expect(row.slice(0, 2)).toEqual([new Date(0), null]);
});
