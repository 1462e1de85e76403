export { digestOf } from './digest.ts';
export { packEntries, unpackEntries, type LedgerEntry } from './entries.ts';
export { Settlement } from './settlement.ts';
