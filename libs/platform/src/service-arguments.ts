import { parseArgs } from 'node:util';
import { CodedError, type ServiceName } from '@hotstandby/contracts';

export interface ServiceArguments {
  help: boolean;
  /** The configuration file that `--config` or else HOTSTANDBY_CONFIG names. */
  configFile: string | undefined;
}

/** What a service was started with. Throws `CodedError` HS_USAGE. */
export function serviceArguments(argv: readonly string[], env: Record<string, string | undefined>): ServiceArguments {
  const options = { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options });
    return { help: values.help ?? false, configFile: values.config ?? (env.HOTSTANDBY_CONFIG || undefined) };
  } catch (error) {
    throw new CodedError('HS_USAGE', (error as Error).message.split('. ')[0] ?? '');
  }
}

export const serviceUsage = (name: ServiceName): string => `The ${name} of one node of a hotstandby pair.

Usage: node apps/${name}/bundle/main.mjs --config FILE

  --config FILE   the node's configuration (docs/configuration.md); otherwise HOTSTANDBY_CONFIG names it
  -h, --help      this text

SIGTERM or SIGINT stops it in order, the second one at once; network-binding reads \`binding\` again at SIGHUP.
Exit codes: docs/errors.md.
`;
