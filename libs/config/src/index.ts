export * from './profiles.ts';
export * from './parse.ts';
export type { NodeConfigFile } from './schema.ts';
