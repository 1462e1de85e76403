export * from './store-view.ts';
export * from './state.ts';
export * from './messages.ts';
export * from './rules.ts';
export { printRules } from './print-rules.ts';
export { step } from './step.ts';
export { nextTickMs } from './next-tick.ts';
export { standbyReady } from './membership.ts';
