export * from './profiles.ts';
export * from './parse.ts';
export * from './anchor-paths.ts';
export * from './store-address.ts';
export type { NodeConfigFile } from './schema.ts';
export * from './dns-server.ts';
