import type { NodeConfig } from '@hotstandby/config';
import { CodedError, exitCodes } from '@hotstandby/contracts';
import { faultLine, loadConfig, type LoadFault } from '@hotstandby/platform/load-config';
import { jsonText, type Output } from '@hotstandby/services/cli';
import { findConfigs } from './find-config.ts';
import type { GlobalOptions } from './program.ts';

/** A configuration that cannot be used, with every fault. */
export class ConfigFaults extends Error {
  readonly file: string;
  readonly faults: LoadFault[];

  constructor(file: string, faults: LoadFault[]) {
    super(`${file} cannot be used`);
    this.file = file;
    this.faults = faults;
  }

  tell({ err, json }: Output): number {
    if (json) err(jsonText({ error: this.#error(), file: this.file, faults: this.faults }));
    else for (const fault of this.faults) err(`${this.file}: ${faultLine(fault)}`);
    return exitCodes.configuration;
  }

  /** The first fault; the others are beside it. */
  #error(): { code: string; message: string; cure: string } | null {
    const [first] = this.faults;
    if (!first) return null;
    const { code, field, expected, got, cure } = first;
    return { code, message: `${field || this.file}: expected ${expected}, got ${got}`, cure };
  }
}

/** Configuration files as the options name them, or where they are found. Throws `HS_CONFIG_MISSING`. */
export function configFiles({ config }: Pick<GlobalOptions, 'config'>): string[] {
  const files = findConfigs(config ?? (process.env.HOTSTANDBY_CONFIG || undefined), [
    process.cwd(),
    import.meta.dirname,
  ]);
  if (files.length > 0) return files;
  throw new CodedError('HS_CONFIG_MISSING', 'no configuration is named, and no pair was set up in a folder above', {
    cure: 'Give --config FILE, set HOTSTANDBY_CONFIG, or run npm start in the clone first.',
  });
}

/** The configurations to ask with, in turn. Throws `ConfigFaults` and `HS_CONFIG_MISSING`. */
export async function readConfigs(options: Pick<GlobalOptions, 'config' | 'node'>): Promise<NodeConfig[]> {
  const configs: NodeConfig[] = [];
  for (const file of configFiles(options)) {
    const loaded = await loadConfig(file);
    if (!loaded.ok) throw new ConfigFaults(file, loaded.faults);
    configs.push(loaded.config);
  }
  const wanted = configs.filter(({ node }) => options.node === undefined || node.name === options.node);
  if (wanted.length > 0) return wanted;
  const known = configs.map(({ node }) => node.name).join(', ');
  throw new CodedError('HS_USAGE', `no configuration of a node ${options.node ?? ''}`, { cure: `Known: ${known}.` });
}
