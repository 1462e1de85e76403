import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const root = join(import.meta.dirname, '..', '..');

/**
 * Installs and builds what is missing or has changed, as `npm start` does: a pair that a test starts by itself is not one of old bundles,
 * or of none. Throws with what the set-up says.
 */
export async function prepareClone(binding: 'vip' | 'hostname'): Promise<void> {
  const words = [join(root, 'tools', 'start.mjs'), '--prepare', `--${binding}`];
  await promisify(execFile)(process.execPath, words, { cwd: root });
}
