// `npm test`: sets up what is missing, then the quick checks and everything slower, on real parts. Runs on any Node from
// 20 on, with nothing installed. Ends with one line `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChecks } from './check.mjs';
import { buildIfChanged } from './setup/build.mjs';
import { findPrograms } from './setup/debian.mjs';
import { unsuitable } from './setup/machine.mjs';
import { buildNative } from './setup/native.mjs';
import { installIfNeeded } from './setup/npm-packages.mjs';
import { Fault, fail, say } from './setup/progress.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

if (process.argv.includes('--help')) {
  console.log(`npm test [-- FILTER ...]

Installs what is missing, checks types, lint, format and boundaries, and runs the unit tests and the tests on real parts.
With FILTER only test files whose path contains it. As root also what needs root; what is skipped is named.`);
  process.exit(0);
}

/** The lease under virtual time (docs/proof.md); the seeds are fixed, so that a failure is the change's. */
const simulations = [
  ['20,000 simulated schedules keep every invariant', ['--seeds', '20000']],
  ['the simulator notices every known-bad variant', ['--seeds', '20000', '--mutants']],
];

async function main() {
  const unfit = unsuitable();
  if (unfit) throw unfit;
  const work = path.join(root, '.hotstandby');
  mkdirSync(path.join(work, 'logs'), { recursive: true });
  await installIfNeeded(root, work);
  await buildNative(root, work);
  await buildIfChanged(root, work);
  const programs = await findPrograms(work, { vip: true, hostname: true, tests: true });
  if (process.getuid() !== 0) say('Not root: tests that make network namespaces are skipped, and named below.');

  const filters = process.argv.slice(2);
  const failedChecks = filters.length > 0 ? [] : runChecks(['types', 'lint', 'format', 'boundaries', 'purity']);
  const total = { passed: filters.length > 0 ? 0 : 5 - failedChecks.length, failed: failedChecks.length, skipped: 0 };
  for (const project of ['unit', 'real']) add(total, runVitest(project, filters, programs));
  if (filters.length === 0) for (const [what, args] of simulations) add(total, runSimulation(what, args));

  if (failedChecks.length > 0) console.log(`failed checks: ${failedChecks.join(', ')}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

/** One project of the Vitest configuration; what it counted, read from its own report. */
function runVitest(project, filters, programs) {
  const report = path.join(root, '.hotstandby', `vitest-${project}.json`);
  rmSync(report, { force: true });
  const { status } = spawnSync(
    path.join(root, 'node_modules', '.bin', 'vitest'),
    [
      'run',
      '--project',
      project,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...filters,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        HOTSTANDBY_PATH: programs.folders.join(':'),
        PATH: `${path.join(root, 'node_modules', '.bin')}:${programs.folders.join(':')}`,
      },
    },
  );
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites, testResults } =
    JSON.parse(readFileSync(report, 'utf8'));
  const skipped = testResults.flatMap((file) =>
    file.assertionResults.filter(({ status: one }) => one !== 'passed' && one !== 'failed'),
  );
  for (const one of skipped) console.log(`skipped: ${one.fullName}`);
  // A file that cannot even be loaded counts as one failure; so does an error outside every test.
  const failed = Math.max(numFailedTests, numFailedTestSuites > 0 || status !== 0 ? 1 : 0);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

/** One more test that passes or fails; its last lines say with which seeds. */
function runSimulation(what, args) {
  say(what);
  const { status } = spawnSync('npm', ['run', '--silent', 'simulate', '--', ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.log(`FAILED: ${what}`);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

function add(total, counted) {
  for (const key of Object.keys(total)) total[key] += counted[key];
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = fail(error instanceof Fault ? error : new Fault(String(error?.stack ?? error), ''));
  console.log('0 passed, 1 failed');
}
