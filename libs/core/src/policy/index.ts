export { initialPolicyState, heardStatus, reconnected, type Failback, type Policy, type PolicyState } from './state.ts';
export { decide, unwell, type HandOverPolicy, type PolicyDecision, type PolicyFacts } from './decide.ts';
export { differences } from './differences.ts';
