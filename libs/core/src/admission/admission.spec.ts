import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inNetwork, parseCidr, parseIp } from '../binding-plan/ip-address.ts';
import { Admission, PrefixTable, rateKey, Refusals, TokenBuckets } from './index.ts';

const seed = Date.now();

describe('PrefixTable', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.77/24', '192.0.2.1', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['192.0.2.0/24', 'no address', false],
  ])('%s and %s: %s', (network, address, matches) => {
    expect(new PrefixTable([network]).matches(address)).toBe(matches);
  });

  it('refuses what is no network', () => {
    for (const text of ['192.0.2.0/33', '192.0.2', '', 'host', '::/129'])
      expect(() => new PrefixTable([text])).toThrow(RangeError);
  });

  it(`says the same as one network after the other (seed ${seed})`, () => {
    const octet = fc.constantFrom(0, 1, 127, 128, 255);
    const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
    const network = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([ip, prefix]) => `${ip}/${prefix}`);
    fc.assert(
      fc.property(fc.array(network, { minLength: 1, maxLength: 20 }), address, (networks, source) => {
        const ip = parseIp(source);
        const expected = networks.some((one) => {
          const parsed = parseCidr(one);
          return parsed !== null && ip !== null && inNetwork(parsed, ip);
        });
        expect(new PrefixTable(networks).matches(source)).toBe(expected);
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('TokenBuckets', () => {
  it('let a burst through and then the rate, for each source by itself', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 5 }, 100);
    const takes = (source: string, nowMs: number, count: number) =>
      Array.from({ length: count }, () => buckets.take(source, nowMs)).filter(Boolean).length;
    expect(takes('a', 0, 20)).toBe(5);
    expect(takes('b', 0, 20)).toBe(5);
    expect(takes('a', 300, 20)).toBe(3);
    // Longer than a burst: no more than a burst is saved up.
    expect(takes('a', 60_000, 20)).toBe(5);
    // A clock that stands or goes back gives nothing.
    expect(takes('a', 1000, 20)).toBe(0);
  });

  it(`never let more through than burst and rate, whatever comes when (seed ${seed})`, () => {
    const arrivals = fc.array(fc.tuple(fc.nat(3), fc.nat(400)), { maxLength: 300 });
    fc.assert(
      fc.property(
        arrivals,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (list, perSecond, burst) => {
          const buckets = new TokenBuckets({ perSecond, burst }, 2);
          const taken = new Map<number, number>();
          let nowMs = 0;
          for (const [source, passedMs] of list) {
            nowMs += passedMs;
            if (buckets.take(String(source), nowMs)) taken.set(source, (taken.get(source) ?? 0) + 1);
          }
          for (const count of taken.values())
            expect(count).toBeLessThanOrEqual(burst + (nowMs * perSecond) / 1000 + 1e-6);
        },
      ),
      { seed, numRuns: 300 },
    );
  });

  it('keep no more sources than they may, and let made-up ones share', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 2 }, 100);
    for (let round = 0; round < 20; round++) {
      for (let source = 0; source < 10_000; source++) buckets.take(`${round} ${source}`, round * 100);
      expect(buckets.size).toBeLessThanOrEqual(200);
    }
    let through = 0;
    for (let source = 0; source < 10_000; source++) if (buckets.take(`new ${source}`, 1950)) through++;
    expect(through).toBeLessThanOrEqual(2);
  });

  it('say how long a debt takes', () => {
    const buckets = new TokenBuckets({ perSecond: 100, burst: 100 }, 10);
    expect(buckets.owe('a', 100, 0)).toBe(0);
    expect(buckets.owe('a', 50, 0)).toBe(500);
    expect(buckets.owe('a', 1, 10_000)).toBe(0);
  });
});

describe('Admission', () => {
  it('asks the list first, then the rate', () => {
    const admission = new Admission({ sources: ['192.0.2.0/24'], rate: { perSecond: 1, burst: 1 } });
    expect(admission.isOpen).toBe(false);
    const refusals = ['192.0.2.1', '192.0.2.1', '198.51.100.1', '192.0.2.2'].map((one) => admission.refusal(one, 0));
    expect(refusals).toEqual([null, 'too many', 'not allowed', null]);
    expect(new Admission({ sources: [], rate: null })).toMatchObject({ isOpen: true });
  });

  it('takes the hosts of an IPv6 subnet for one', () => {
    expect(['192.0.2.1', '2001:db8:0:1::5', '2001:db8:0:1:ffff::5', '2001:db8:0:2::5'].map(rateKey)).toEqual([
      '192.0.2.1',
      '20010db800000001::/64',
      '20010db800000001::/64',
      '20010db800000002::/64',
    ]);
  });
});

describe('Refusals', () => {
  it('are told at once, then once an hour for each source and reason', () => {
    const refusals = new Refusals();
    for (let count = 0; count < 3; count++) refusals.add('syslog', '192.0.2.1', 'not allowed');
    refusals.add('syslog', '192.0.2.1', 'too many');
    expect(refusals.due(0)).toEqual([
      { kind: 'syslog', source: '192.0.2.1', reason: 'not allowed', count: 3 },
      { kind: 'syslog', source: '192.0.2.1', reason: 'too many', count: 1 },
    ]);
    refusals.add('syslog', '192.0.2.1', 'not allowed');
    expect(refusals.due(3_599_999)).toEqual([]);
    expect(refusals.due(3_600_000)).toEqual([{ kind: 'syslog', source: '192.0.2.1', reason: 'not allowed', count: 1 }]);
    // An hour later there was nothing new: it is forgotten.
    expect(refusals.due(7_200_000)).toEqual([]);
    expect(refusals.largest(5)).toEqual([]);
    expect(refusals.total).toBe(5);
  });

  it('count made-up sources together, and tell a few at a time', () => {
    const refusals = new Refusals();
    for (let source = 0; source < 50_000; source++) refusals.add('trap', String(source), 'not allowed');
    const told = Array.from({ length: 200 }, (_, tick) => refusals.due(tick));
    expect(Math.max(...told.map(({ length }) => length))).toBe(10);
    const all = told.flat();
    expect(all).toHaveLength(1001);
    expect(all.find(({ source }) => source === null)).toMatchObject({ count: 49_000 });
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(50_000);
  });
});
