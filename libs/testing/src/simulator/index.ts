export { simulate, type SimulatedRun } from './simulate.ts';
