#!/usr/bin/env node
// Starts the bundled CLI with a Node that is new enough: the one that `npm install` brought, when this one is older.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const oldestMajor = 24;
const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, '..', 'bundle', 'main.mjs');

if (!existsSync(main)) {
  process.stderr.write('error hotstandby is not built yet\ncure  npm run build\n');
  process.exitCode = 69;
} else if (Number(process.versions.node.split('.')[0]) >= oldestMajor) {
  await import(pathToFileURL(main).href);
} else {
  const node = newerNode();
  if (node === null) {
    process.stderr.write(`error Node ${oldestMajor} or newer is needed, this is ${process.versions.node}\n`);
    process.stderr.write('cure  npm install (it brings one), or use a newer Node\n');
    process.exitCode = 69;
  } else {
    const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
    // The child ends on its own terms; a signal to this process alone is passed on.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', (error) => {
      process.stderr.write(`error ${node}: ${error.message}\n`);
      process.exitCode = 69;
    });
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
    });
  }
}

function newerNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const node = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(node)) return node;
    if (folder === dirname(folder)) return null;
  }
}
