export { makeAuthority, type Authority } from './certificates.ts';
export { makePairSecrets, type NodeFile, type SecretsOfNode } from './pair-secrets.ts';
export { makePairFiles, type PairNode, type PairOptions } from './pair-files.ts';
export { natsServerConfig, type NatsServerOptions } from './server-config.ts';
