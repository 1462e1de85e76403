export { Admission } from './admission.ts';
export type { AdmissionRules } from './admission.ts';
export { PrefixTable, rateKey } from './prefix-table.ts';
export { Refusals } from './refusals.ts';
export type { RefusalReason, ToldRefusal } from './refusals.ts';
export { TokenBuckets } from './token-buckets.ts';
export type { Rate } from './token-buckets.ts';
