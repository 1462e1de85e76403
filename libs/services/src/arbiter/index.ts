export { Arbiter, type ArbiterParts, type NodeFacts } from './arbiter.ts';
