export * from './active-of.ts';
export * from './faults.ts';
export * from './pair-view.ts';
export * from './stale-senders.ts';
export * from './status-board.ts';
export { readCensus } from './read-census.ts';
