export { policyOf } from './policy-of.ts';
export { Arbiter, type ArbiterParts } from './arbiter.ts';
export type { NodeFacts } from './order-desk.ts';
