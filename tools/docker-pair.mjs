// `npm run docker:pair`: configuration and keys for two real nodes; docs/docker.md. Prepares what is missing, then hands
// over to tools/pair on Node 24. Plain JavaScript, because it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged } from './setup/build.mjs';
import { installIfNeeded } from './setup/npm-packages.mjs';
import { Fault, fail } from './setup/progress.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

async function main() {
  const work = path.join(root, '.hotstandby');
  mkdirSync(path.join(work, 'logs'), { recursive: true });
  await installIfNeeded(root, work);
  await buildIfChanged(root, work);
  const node = path.join(root, 'node_modules', '.bin', 'node');
  const bundle = path.join(root, 'tools', 'pair', 'bundle', 'main.mjs');
  const args = ['--disable-warning=ExperimentalWarning', bundle, 'files', ...process.argv.slice(2)];
  // npm runs scripts in the clone; a relative folder is meant from where the person is.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  const { status, error } = spawnSync(node, args, { stdio: 'inherit', cwd });
  if (error) throw error;
  return status ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = fail(error instanceof Fault ? error : new Fault(String(error?.stack ?? error), ''));
}
