export type * from './files.ts';
export * from './paths.ts';
export * from './plan.ts';
