export { knownBad, type KnownBad } from './known-bad/index.ts';
export { counted, type Counted } from './world.ts';
export { simulate, type SimulatedRun } from './simulate.ts';
