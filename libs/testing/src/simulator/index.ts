export { knownBad, type KnownBad } from './known-bad/index.ts';
export { simulate, type SimulatedRun } from './simulate.ts';
