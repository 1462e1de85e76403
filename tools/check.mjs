// `npm run check`: everything that a minute can tell. Each check by itself: `check.mjs types lint ...`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

/** Name -> program and arguments. */
const checks = {
  types: [bin('tsc'), '-b'],
  lint: [bin('oxlint'), '--type-aware', '--quiet'],
  format: [bin('prettier'), '--check', '--log-level', 'warn', '.'],
  boundaries: [bin('node'), 'tools/check-boundaries.mjs'],
  purity: [bin('node'), 'tools/check-purity.mjs'],
  unit: [bin('vitest'), 'run', '--project', 'unit'],
};

/** Runs the named checks; returns the names of those that failed. */
export function runChecks(names = Object.keys(checks)) {
  const failed = [];
  for (const name of names) {
    const [program, ...args] = checks[name] ?? usage(name);
    const startedMs = Date.now();
    // The Node of the packages before the machine's own, whoever called us.
    const env = { ...process.env, PATH: `${path.dirname(bin('node'))}:${process.env.PATH}` };
    const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env });
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (status !== 0) failed.push(name);
  }
  return failed;
}

function usage(name) {
  console.error(`there is no check "${name}"; there are: ${Object.keys(checks).join(', ')}`);
  process.exit(64);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!existsSync(bin('tsc'))) {
    console.error('The npm packages are not installed. Cure: npm ci');
    process.exit(1);
  }
  const failed = runChecks(process.argv.length > 2 ? process.argv.slice(2) : undefined);
  if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
