export { knownBad, type KnownBad } from './known-bad/index.ts';
export { counted, type Counted } from './world.ts';
export { policiesOf, type WithPolicies } from './policies/policy-mix.ts';
export { stalled, stalls, type StallsResult } from './stalls.ts';
export { timingOf, type SimulatedTiming } from './timing.ts';
export { simulate, type SimulatedRun } from './simulate.ts';
