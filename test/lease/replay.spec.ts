import { simulate } from '@hotstandby/testing/simulator';
import { expect, it } from 'vitest';
import { inOrder, type RunRange } from '../../tools/simulation/in-order.ts';
import { Pool } from '../../tools/simulation/pool.ts';
import { runRange, type Range } from '../../tools/simulation/run-range.ts';

const from = 4100;
const seeds = 12;

/** What the runner says of every seed. */
async function traces(run: RunRange, jobs: number): Promise<string[]> {
  const range: Range = {
    from,
    seeds,
    variant: null,
    policies: 'some',
    timing: null,
    traces: true,
    stopAtViolation: false,
  };
  const said: string[] = [];
  for await (const part of inOrder(range, { run, jobs, seedsAtOnce: 2 })) {
    said.push(...part.traces.map(({ seed, lines }) => [seed, ...lines].join('\n')));
  }
  return said;
}

it('replays a seed exactly: alone, in a row and beside others', { timeout: 60_000 }, async () => {
  const backwards: string[] = [];
  for (let seed = from + seeds - 1; seed >= from; seed--) {
    backwards.push([seed, ...(await simulate(seed)).trace].join('\n'));
  }
  const inRow = await traces(runRange, 1);
  expect(inRow).toEqual(backwards.toReversed());
  expect(new Set(inRow).size).toBe(seeds);

  const pool = new Pool(2);
  try {
    expect(await traces((range) => pool.run(range), 2)).toEqual(inRow);
  } finally {
    await pool.close();
  }
});

it('finds the same first violation with any number of jobs', { timeout: 60_000 }, async () => {
  const variant = 'no wait after a promise';
  const range: Range = {
    from: 1,
    seeds: 40,
    variant,
    policies: 'some',
    timing: null,
    traces: false,
    stopAtViolation: true,
  };
  const pool = new Pool(2);
  const found: unknown[] = [];
  try {
    for (const [run, jobs] of [[runRange, 1] as const, [(part: Range) => pool.run(part), 2] as const]) {
      for await (const { violations } of inOrder(range, { run, jobs, seedsAtOnce: 4 })) {
        if (violations.length === 0) continue;
        found.push(violations[0]);
        break;
      }
    }
  } finally {
    await pool.close();
  }
  expect(found).toHaveLength(2);
  expect(found[1]).toEqual(found[0]);
});
