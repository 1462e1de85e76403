export { audit, type Audit, type AuditCount, type AuditInput, type ReceivedEntry } from './audit.ts';
export { digestOf } from './digest.ts';
export { entriesFromText, entriesToText } from './entries-text.ts';
export { countOf, joinEntries, packEntries, timesOf, unpackEntries, type LedgerEntry } from './entries.ts';
export { Evenness } from './evenness.ts';
export { Settlement } from './settlement.ts';
