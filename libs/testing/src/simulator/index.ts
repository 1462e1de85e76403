export { knownBad, type KnownBad } from './known-bad.ts';
export { simulate, type SimulatedRun } from './simulate.ts';
