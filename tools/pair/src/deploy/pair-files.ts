import { randomBytes } from 'node:crypto';
import { makePairFiles } from '@hotstandby/adapters/pki';
import { makeSshKeys } from '@hotstandby/adapters/rsync';
import { parseConfig } from '@hotstandby/config';
import { CodedError } from '@hotstandby/contracts';
import { containerPaths, deployedNodeYaml, deployPorts } from './node-yaml.ts';
import type { DeployOptions } from './options.ts';

export interface DeployFile {
  /** Relative to the folder that is made. */
  path: string;
  content: string;
  mode: number;
}

export const nodeFolder = (name: string): string => `node-${name}`;

/**
 * Every file of a pair: `node-NAME/` for each node and `store/` for the third machine. The configurations have passed the
 * parser that the services use. Throws `HS_CONFIG_INVALID`.
 */
export async function deployFiles(options: DeployOptions, storePassword: string): Promise<DeployFile[]> {
  const kinds = ['primary', 'secondary'] as const;
  const pairNode = ({ name, address }: DeployOptions['primary']) => ({
    name,
    address,
    natsPort: deployPorts.nats,
    leafPort: deployPorts.leaf,
    dir: containerPaths.node,
    stateDir: containerPaths.nats,
  });
  const { cluster, primary, secondary } = options;
  const natsFiles = await makePairFiles({ cluster, nodes: [pairNode(primary), pairNode(secondary)] });
  const sshFiles = makeSshKeys([primary.name, secondary.name]);

  const files = kinds.flatMap((kind, index): DeployFile[] => {
    const { name } = options[kind];
    const yaml = deployedNodeYaml(options, kind);
    refuseFaults(yaml, name);
    const own: DeployFile[] = [
      { path: 'node.yaml', content: yaml, mode: 0o644 },
      { path: 'keys/store-password', content: `${storePassword}\n`, mode: 0o600 },
      ...(natsFiles[index] ?? []),
      ...(sshFiles[name] ?? []),
    ];
    return own.map((file) => ({ ...file, path: `${nodeFolder(name)}/${file.path}`, mode: modeOf(file) }));
  });
  return [
    ...files,
    { path: 'store/postgres-password', content: `${storePassword}\n`, mode: 0o600 },
    { path: 'store/redis.conf', content: `requirepass ${newPassword()}\n`, mode: 0o600 },
  ];
}

/** Letters and digits only: it stands in files of three formats. */
export const newPassword = (): string => randomBytes(24).toString('hex');

/**
 * network-binding is uid 0 without the capability to read what others own: it reads its key as a member of the group.
 */
const modeOf = ({ path, mode }: DeployFile): number => (path === 'keys/nats/network-binding.nk' ? 0o640 : mode);

function refuseFaults(yaml: string, node: string): void {
  const result = parseConfig(yaml);
  if (result.ok) return;
  const lines = result.faults.map(({ field, expected, got }) => `${field}: expected ${expected}; got ${got}`);
  throw new CodedError('HS_CONFIG_INVALID', `the configuration of node ${node} would be refused:\n${lines.join('\n')}`);
}
