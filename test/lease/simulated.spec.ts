import { knownBad, simulate } from '@hotstandby/testing/simulator';
import { expect, it } from 'vitest';

// Replay one: HOTSTANDBY_SEED=123 npx vitest run --project unit test/lease/simulated
const given = process.env['HOTSTANDBY_SEED'];
const first = given === undefined ? Math.floor(Math.random() * 1_000_000) : Number(given);
const schedules = given === undefined ? 100 : 1;

it(`keeps every invariant in ${schedules} random schedules from seed ${first} on`, { timeout: 1_200_000 }, async () => {
  for (let seed = first; seed < first + schedules; seed++) {
    const { violations, trace } = await simulate(seed);
    expect(violations, `seed ${seed}\n${trace.join('\n')}`).toEqual([]);
  }
});

it.each(knownBad)('catches $name within $withinSeeds seeds', { timeout: 1_200_000 }, async (variant) => {
  for (let seed = 1; seed <= variant.withinSeeds; seed++) {
    if ((await simulate(seed, variant)).violations.length > 0) return;
  }
  expect.fail(`${variant.name} was not noticed`);
});
