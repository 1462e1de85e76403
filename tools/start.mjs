// `npm start` and `npm run demo`: prepares what is missing, then hands over to the pair (tools/pair) on Node 24.
// Plain JavaScript without dependencies, because it runs before anything is installed, on any Node from 20 on.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged } from './setup/build.mjs';
import { findPrograms } from './setup/debian.mjs';
import { memoryWarning, unsuitable } from './setup/machine.mjs';
import { buildNative } from './setup/native.mjs';
import { installIfNeeded } from './setup/npm-packages.mjs';
import { helpText, parseOptions } from './setup/options.mjs';
import { Fault, fail, say } from './setup/progress.mjs';
import { handOver } from './setup/hand-over.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(helpText(options.command));
    return 0;
  }
  const unfit = unsuitable();
  if (unfit) throw unfit;
  const warning = memoryWarning();
  if (warning) say(warning);

  const work = path.join(root, '.hotstandby');
  mkdirSync(path.join(work, 'logs'), { recursive: true });
  await installIfNeeded(root, work);
  await buildNative(root, work);
  await buildIfChanged(root, work);
  const programs = await findPrograms(work, { vip: options.vip, hostname: options.hostname });
  if (options.prepare) {
    say('Everything is prepared; nothing was started.');
    return 0;
  }
  return handOver(root, programs, options);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = fail(error instanceof Fault ? error : new Fault(String(error?.stack ?? error), ''));
}
