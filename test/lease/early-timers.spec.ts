import { step } from '@hotstandby/core/lease';
import type { Clock } from '@hotstandby/ports';
import { TestPair } from '@hotstandby/testing/pair';
import { expect, it } from 'vitest';

/** Its timers come a rounding error too early, as those of a clock with a rate of its own do. */
function early(clock: Clock): Clock {
  const byMs = 0.001;
  return {
    monotonicMs: () => clock.monotonicMs(),
    bootMs: () => clock.bootMs(),
    wallMs: () => clock.wallMs(),
    after: (delayMs, run) => clock.after(delayMs > 2 * byMs ? delayMs - byMs : delayMs, run),
    every: (periodMs, run) => clock.every(periodMs, run),
  };
}

it('fences in time although the timer for it came too early and nothing else happens', async () => {
  const pair = new TestPair();
  const a = pair.node('a');
  let deaf = false;
  // What says nothing leaves the state as it is; then the arbiter has its timer alone.
  pair.decide = (state, input) => (deaf && input.kind !== 'tick' ? { state, effects: [] } : step(state, input));
  await a.start({ clock: early(pair.clock), store: a.store, link: pair.line.endOf('a') });
  await pair.run(500);
  expect(await a.role()).toBe('active 1');

  deaf = true;
  await pair.run(400);
  expect(a.rules()).toEqual(['claim-never-held', 'fence-lapsing']);
});
