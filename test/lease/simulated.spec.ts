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

// What each was is in docs/proof.md; until a fault is added to the simulator, they are the schedules that they were.
it.each([4168703, 4304052, 5223286, 5387253])(
  'keeps every invariant in schedule %i, which found something',
  async (seed) => {
    const { violations, trace } = await simulate(seed);
    expect(violations, trace.join('\n')).toEqual([]);
  },
);

// The three that show soonest. `npm test` looks for all of them: `npm run simulate -- --mutants`.
const soon = ['wait shorter than the grant', 'no wait after a promise', 'beat without the epoch, and believed'];
it.each(soon)('notices: %s', { timeout: 300_000 }, async (name) => {
  const variant = knownBad.find((one) => one.name === name);
  expect(variant).toBeDefined();
  for (let seed = 1; seed <= 1000; seed++) {
    if ((await simulate(seed, variant)).violations.length > 0) return;
  }
  expect.fail(`${name} was not noticed in 1000 schedules`);
});
