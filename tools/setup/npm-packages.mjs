// The npm packages: installed when they are missing or not those of the lock file.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Fault, runQuietly, tail } from './progress.mjs';

export async function installIfNeeded(root, work) {
  if (!installedIsLocked(root)) {
    const log = path.join(work, 'logs', 'npm.log');
    // Under `npm start` this is the very npm that runs us, also where it is not on the PATH.
    const npm = process.env.npm_execpath;
    const [program, before] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
    const code = await runQuietly('Installing the npm packages', program, [...before, 'ci'], { log, cwd: root });
    if (code !== 0)
      throw new Fault(
        `npm ci failed (exit code ${code}):\n${tail(log)}`,
        `See ${log}. Without a network, copy node_modules from a machine that has one; then start again.`,
      );
  }
  if (!existsSync(path.join(root, 'node_modules', '.bin', 'node')))
    throw new Fault(
      'node_modules/.bin/node is missing: the npm package "node" (Node 24) runs a script when it is installed.',
      'Allow install scripts (npm config get ignore-scripts must be false) and run npm ci.',
    );
}

/** Whether every package of the lock file is there in the locked version. Optional ones may be for other machines. */
export function installedIsLocked(root) {
  try {
    const read = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
    const locked = read('package-lock.json');
    const installed = read('node_modules/.package-lock.json');
    return Object.entries(locked).every(
      ([where, entry]) =>
        !where.startsWith('node_modules/') ||
        entry.optional ||
        entry.devOptional ||
        entry.peer ||
        (installed[where] && (entry.link || installed[where].version === entry.version)),
    );
  } catch {
    return false;
  }
}
