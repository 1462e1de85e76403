import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audit, type AuditCount, type AuditInput } from './audit.ts';

const minuteMs = 60_000;
const received = (group: string, digest: number, receivedAtMs: number) => ({
  group,
  digest: BigInt(digest),
  receivedAtMs,
});
const stored = (digest: number, receivedAtMs: number) => ({ digest: BigInt(digest), receivedAtMs });

function run(input: Partial<AuditInput>) {
  const result = audit({ received: [], stored: [], reachMs: 2000, fromMs: 0, untilMs: 10 * minuteMs, ...input });
  const lines: [string, number, AuditCount][] = [];
  for (const [group, minutes] of result.counts)
    for (const [minute, count] of minutes) lines.push([group, minute, count]);
  return { lines, unknown: result.unknown, uneven: result.uneven };
}

describe('the audit of the ledger', () => {
  it('counts both copies of a datagram once, whichever is stored', () => {
    const { lines, unknown } = run({
      received: [
        { aheadMs: 0, entries: [received('x', 1, 1000), received('x', 2, 1500), received('y', 3, 61_000)] },
        { aheadMs: 0, entries: [received('x', 1, 1001), received('x', 2, 1499), received('y', 3, 61_002)] },
      ],
      stored: [{ aheadMs: 0, entries: [stored(1, 1000), stored(2, 1499), stored(3, 61_002)] }],
    });
    expect(lines).toEqual([
      ['x', 0, { received: 2, stored: 2, lost: 0, doubled: 0 }],
      ['y', 1, { received: 1, stored: 1, lost: 0, doubled: 0 }],
    ]);
    expect(unknown).toBe(0);
  });

  it('finds what one node alone received and nobody stored, what is stored twice, and what nobody received', () => {
    const { lines, unknown } = run({
      received: [
        { aheadMs: 0, entries: [received('x', 1, 1000)] },
        { aheadMs: 0, entries: [received('x', 1, 1002), received('x', 2, 3000)] },
      ],
      stored: [{ aheadMs: 0, entries: [stored(1, 1000), stored(1, 1002), stored(9, 1000)] }],
    });
    expect(lines).toEqual([['x', 0, { received: 2, stored: 1, lost: 1, doubled: 1 }]]);
    expect(unknown).toBe(1);
  });

  it('calls nothing lost of a source that sends each node its own, and what one node missed of another source', () => {
    const at = (group: string, first: number, times: number[]) =>
      times.map((atMs, index) => received(group, first + index, atMs));
    const times = Array.from({ length: 20 }, (_, index) => 1000 + index * 500);
    const own = [at('own', 100, times), at('own', 200, times)];
    const equal = at('equal', 300, times);
    const { lines, uneven } = run({
      received: [
        { aheadMs: 0, entries: [...(own[0] ?? []), ...equal.slice(0, 12)] },
        { aheadMs: 0, entries: [...(own[1] ?? []), ...equal] },
      ],
      stored: [{ aheadMs: 0, entries: [...(own[0] ?? []), ...equal.slice(0, 12)] }],
    });
    expect(lines).toEqual([
      ['own', 0, { received: 20, stored: 20, lost: 0, doubled: 0 }],
      ['equal', 0, { received: 20, stored: 12, lost: 8, doubled: 0 }],
    ]);
    expect(uneven).toEqual(new Map([['own', 20]]));
  });

  it('pairs what nodes with clocks far apart received', () => {
    const entries = [received('x', 1, 5000)];
    const { lines } = run({
      received: [
        { aheadMs: 0, entries },
        { aheadMs: 90_000, entries: [received('x', 1, 95_003)] },
      ],
      stored: [{ aheadMs: 90_000, entries: [stored(1, 95_003)] }],
    });
    expect(lines).toEqual([['x', 0, { received: 1, stored: 1, lost: 0, doubled: 0 }]]);
  });

  it('finds the one line of many equal ones that is missing, wherever the window is cut', () => {
    const times = Array.from({ length: 300 }, (_, index) => index * 1000);
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 269 }), fc.integer({ min: -20, max: 20 }), (missing, shiftMs) => {
        const { lines } = run({
          received: [
            { aheadMs: 0, entries: times.map((time) => received('x', 1, time)) },
            { aheadMs: 0, entries: times.map((time) => received('x', 1, time + shiftMs)) },
          ],
          stored: [{ aheadMs: 0, entries: times.filter((_, at) => at !== missing).map((time) => stored(1, time)) }],
          fromMs: 10_000,
          untilMs: 290_000,
        });
        const lost = lines.flatMap(([, minute, count]) => (count.lost > 0 ? [[minute, count.lost]] : []));
        expect(lost).toEqual([[Math.floor(missing / 60), 1]]);
        expect(lines.every(([, , { doubled }]) => doubled === 0)).toBe(true);
      }),
    );
  });
});
