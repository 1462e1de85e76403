import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Where a node's configuration is when nobody says. */
const installed = '/etc/hotstandby/node.yaml';

/**
 * Configuration files to try in turn: the one that was named, else those of the pair that `npm start` keeps in a clone
 * (upwards from each of `folders`), else an installed node's. Only those that exist, unless named.
 */
export function findConfigs(named: string | undefined, folders: string[]): string[] {
  if (named) return [resolve(named)];
  for (const folder of folders) {
    for (let at = resolve(folder); ; at = dirname(at)) {
      const pair = ['a', 'b'].map((node) => join(at, '.hotstandby', 'pair', node, 'node.yaml')).filter(existsSync);
      if (pair.length > 0) return pair;
      if (at === dirname(at)) break;
    }
  }
  return existsSync(installed) ? [installed] : [];
}
