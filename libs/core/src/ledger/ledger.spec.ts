import { expect, it } from 'vitest';
import { countOf, digestOf, Evenness, joinEntries, packEntries, Settlement, timesOf, unpackEntries } from './index.ts';
import { murmur3 } from './murmur3.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const syslog = (text: string, change: { sourceAddress?: string; sourcePort?: number; receivedAtMs?: number } = {}) => ({
  kind: 'syslog' as const,
  sourceAddress: '192.0.2.7',
  sourcePort: 5000,
  localPort: 514,
  receivedAtMs: 1000,
  ...change,
  bytes: bytesOf(text),
});

it('hashes as the reference does', () => {
  // Lengths around every boundary of block and word; values of the reference implementation.
  const known = {
    0: 0x0n,
    1: 0x84f1d1ddda3dd3f0n,
    5: 0x7a8ce092cdfac57n,
    15: 0x14718316ea89f6f3n,
    16: 0x478bfde805848b62n,
    17: 0xec90f18c5ca12cd3n,
    33: 0x76a2c9448f3737c6n,
    100: 0x159fabd0b6cfc581n,
  };
  for (const [length, digest] of Object.entries(known)) {
    const size = Number(length);
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 7 + size) & 255);
    expect(murmur3(new DataView(bytes.buffer), size)).toBe(digest);
  }
});

it('gives both copies of a datagram one digest, and different datagrams different ones', () => {
  expect(digestOf(syslog('x', { sourcePort: 1, receivedAtMs: 5 }))).toBe(digestOf(syslog('x')));
  expect(digestOf(syslog('y'))).not.toBe(digestOf(syslog('x')));
  expect(digestOf(syslog('x', { sourceAddress: '192.0.2.8' }))).not.toBe(digestOf(syslog('x')));
  expect(digestOf({ ...syslog('x'), kind: 'trap' })).not.toBe(digestOf(syslog('x')));
});

it.each([
  ['NetFlow v5', 5, 24, [4, 5, 8, 15, 16, 19]],
  ['NetFlow v9', 9, 20, [4, 8, 12, 15]],
  ['IPFIX', 10, 16, [4, 8, 11]],
] as const)('leaves what an exporter counts per destination out of the digest of %s', (_, version, header, counted) => {
  const flow = (changedAt: number | null) => {
    const bytes = new Uint8Array(header + 48).fill(1);
    bytes.set([0, version]);
    if (changedAt !== null) bytes[changedAt] = 99;
    return digestOf({ ...syslog(''), kind: 'flow', bytes });
  };
  for (const at of counted) expect(flow(at)).toBe(flow(null));
  for (const at of [3, header - 1, header, header + 47]) {
    if (!(counted as readonly number[]).includes(at)) expect(flow(at)).not.toBe(flow(null));
  }
});

it.each([
  ['IPv4', 1, 4],
  ['IPv6', 2, 16],
])('leaves sequence number and uptime out of the digest of sFlow with an agent in %s', (_, type, agentBytes) => {
  const start = 8 + agentBytes;
  const flow = (changedAt: number | null) => {
    const bytes = new Uint8Array(start + 16 + 60).fill(1);
    bytes.set([0, 0, 0, 5, 0, 0, 0, type]);
    if (changedAt !== null) bytes[changedAt] = 99;
    return digestOf({ ...syslog(''), kind: 'flow', bytes });
  };
  for (const at of [start + 4, start + 7, start + 8, start + 11]) expect(flow(at)).toBe(flow(null));
  for (const at of [8, start, start + 3, start + 12, start + 16, start + 75]) expect(flow(at)).not.toBe(flow(null));
});

it('leaves the request id of a version 2c notification out, however long it is, and nothing else', () => {
  const tlv = (tag: number, ...content: number[]) => [tag, content.length, ...content];
  const trap = (requestId: number[], community = 'public', value = 7) => {
    const pdu = tlv(0xa7, ...tlv(2, ...requestId), ...tlv(2, 0), ...tlv(2, 0), ...tlv(0x30, ...tlv(2, value)));
    const bytes = Uint8Array.from(tlv(0x30, ...tlv(2, 1), ...tlv(4, ...bytesOf(community)), ...pdu));
    return digestOf({ ...syslog(''), kind: 'trap', bytes });
  };
  expect(trap([1, 2, 3])).toBe(trap([9]));
  expect(trap([9], 'secret')).not.toBe(trap([9]));
  expect(trap([9], 'public', 8)).not.toBe(trap([9]));
});

it('takes what it cannot read whole, at every length', () => {
  for (const kind of ['flow', 'trap'] as const) {
    for (let length = 0; length < 64; length++) {
      const bytes = new Uint8Array(length).fill(0x30);
      const other = bytes.slice();
      if (length > 0) other[length - 1] = 0x31;
      const one = digestOf({ ...syslog(''), kind, bytes });
      expect(one === digestOf({ ...syslog(''), kind, bytes: other })).toBe(length === 0);
    }
  }
});

it('packs entries and reads them again', () => {
  const entries = [
    { digest: 0xffff_ffff_ffff_ffffn, receivedAtMs: 1_800_000_000_123 },
    { digest: 0n, receivedAtMs: 1_800_000_000_000 },
  ];
  expect(unpackEntries(packEntries(entries))).toEqual(entries);
  expect(unpackEntries(packEntries([]))).toEqual([]);
  const packed = packEntries(entries);
  for (const wrong of [packed.subarray(0, 30), new Uint8Array(), packed.with(0, 2)]) {
    expect(() => unpackEntries(wrong)).toThrow(RangeError);
  }
});

it('uses each stored copy up once, the nearest in time, and none out of reach', () => {
  const at = (receivedAtMs: number) => ({ digest: 1n, receivedAtMs });
  const settlement = new Settlement([at(1000), at(3000), at(2000), { digest: 2n, receivedAtMs: 1000 }], 500);
  expect(settlement.take(at(2100))).toBe(true);
  expect(settlement.take(at(2100))).toBe(false);
  expect(settlement.take(at(600))).toBe(true);
  expect(settlement.take(at(1000))).toBe(false);
  expect(settlement.take(at(3500))).toBe(true);
  expect(settlement.take({ digest: 2n, receivedAtMs: 1501 })).toBe(false);
  expect(settlement.take({ digest: 2n, receivedAtMs: 1500 })).toBe(true);
  expect(settlement.take({ digest: 3n, receivedAtMs: 1000 })).toBe(false);
  expect(settlement.size()).toBe(0);
});

it('pairs like a patient bookkeeper, in any order, also when one line was repeated often', () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
  let state = seed;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  for (let round = 0; round < 200; round++) {
    const stored = Array.from({ length: 20 }, () => Math.floor(random() * 100));
    const settlement = new Settlement(
      stored.map((receivedAtMs) => ({ digest: 7n, receivedAtMs })),
      10,
    );
    for (let take = 0; take < 30; take++) {
      const receivedAtMs = Math.floor(random() * 100);
      const nearestMs = Math.min(...stored.map((time) => Math.abs(time - receivedAtMs)));
      const found = nearestMs <= 10;
      expect([`seed ${seed}`, settlement.take({ digest: 7n, receivedAtMs })]).toEqual([`seed ${seed}`, found]);
      if (!found) continue;
      const nearest = stored.filter((time) => Math.abs(time - receivedAtMs) === nearestMs).toSorted((a, b) => a - b)[0];
      stored.splice(stored.indexOf(nearest ?? -1), 1);
    }
    expect(settlement.size()).toBe(stored.length);
  }
});

it('joins packs as if their entries had been packed at once', () => {
  const lists = [
    [{ digest: 7n, receivedAtMs: 1_700_000_000_500.25 }],
    [],
    [
      { digest: 2n ** 64n - 1n, receivedAtMs: 1_700_000_000_000 },
      { digest: 0n, receivedAtMs: 1_700_000_100_000.75 },
    ],
  ];
  const joined = joinEntries(lists.map(packEntries));
  expect(joined).toEqual(packEntries(lists.flat()));
  expect(countOf(joined)).toBe(3);
  expect(timesOf(joined)).toEqual({ firstMs: 1_700_000_000_000, lastMs: 1_700_000_100_001 });
  expect(joinEntries([packEntries([]), packEntries([])])).toEqual(packEntries([]));
  expect(timesOf(joinEntries([]))).toBeNull();
  // What no clock says: a span beyond what fits is cut, not wrapped.
  const far = joinEntries([
    packEntries([{ digest: 1n, receivedAtMs: 0 }]),
    packEntries([{ digest: 2n, receivedAtMs: 2 ** 45 }]),
  ]);
  expect(unpackEntries(far).at(1)).toEqual({ digest: 2n, receivedAtMs: 2 ** 32 - 1 });
});

it('takes what is added later for what was there from the beginning', () => {
  const entry = (receivedAtMs: number) => ({ digest: 1n, receivedAtMs });
  const settlement = new Settlement([entry(100), entry(200)], 50);
  expect(settlement.take(entry(190))).toBe(true);
  settlement.add(entry(300));
  expect(settlement.size()).toBe(2);
  expect(settlement.take(entry(190))).toBe(false);
  // Nearer than it must be, when asked so.
  expect(settlement.take(entry(320), 10)).toBe(false);
  expect([settlement.take(entry(320)), settlement.take(entry(120)), settlement.take(entry(120))]).toEqual([
    true,
    true,
    false,
  ]);
});

it('tells a source that sends each node its own from one of which a node missed some', () => {
  const evenness = new Evenness(2000);
  const count = (source: string, fromS: number, toS: number, what: 'paired' | 'alone') => {
    for (let second = fromS; second < toS; second++) evenness.count(source, second * 1000 + 5, what);
  };
  // The second node missed everything from 3 to 8 s; the first one has nothing that it alone has.
  count('missed', 0, 3, 'paired');
  count('missed', 8, 10, 'paired');
  expect(evenness.isUneven('missed', 5000)).toBe(false);
  // Both lose some in a burst, and have most in common.
  count('burst', 0, 10, 'paired');
  count('burst', 4, 6, 'alone');
  expect(evenness.isUneven('burst', 5000)).toBe(false);
  // Templates are alike, the data is not.
  count('own', 0, 10, 'alone');
  count('own', 0, 4, 'paired');
  expect(evenness.isUneven('own', 6000)).toBe(true);
  // A minute ago is no sign of now.
  expect(evenness.isUneven('own', 60_000)).toBe(false);
  expect(evenness.isUneven('unheard of', 0)).toBe(false);
});
