// The bundles: built when a source changed since the last build.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Fault, runQuietly, tail } from './progress.mjs';

export async function buildIfChanged(root, work) {
  const stamp = path.join(work, 'built');
  const now = fingerprint(root);
  const before = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (before === now && bundlesExist(root)) return;

  const log = path.join(work, 'logs', 'build.log');
  const nx = path.join(root, 'node_modules', '.bin', 'nx');
  const node = path.join(root, 'node_modules', '.bin', 'node');
  const code = await runQuietly('Building', node, [nx, 'run-many', '-t', 'build'], {
    log,
    cwd: root,
    // The daemon would stay behind; the bundler is found through .bin as under npm.
    env: {
      NX_DAEMON: 'false',
      NX_TUI: 'false',
      PATH: `${path.join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
    },
  });
  if (code !== 0) throw new Fault(`The build failed:\n${tail(log, 30)}`, `See ${log}.`);
  writeFileSync(stamp, now);
}

function bundlesExist(root) {
  const projects = readdirSync(path.join(root, 'apps')).map((name) => path.join(root, 'apps', name));
  return [...projects, path.join(root, 'tools', 'pair')].every((project) =>
    existsSync(path.join(project, 'bundle', 'main.mjs')),
  );
}

/** Changes when a source file is added, removed, or has another size or time. */
export function fingerprint(root) {
  const hash = createHash('sha256');
  const add = (file) => {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${path.relative(root, file)} ${size} ${mtimeMs}\n`);
  };
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (['node_modules', 'dist', 'bundle', '.nx'].includes(entry.name)) continue;
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(file);
      else if (entry.isFile() && !entry.name.endsWith('.spec.ts')) add(file);
    }
  };
  for (const folder of ['apps', 'libs', 'tools/pair', 'tools/setup']) walk(path.join(root, folder));
  for (const file of ['package-lock.json', 'nx.json', 'tsconfig.base.json', 'tools/bundle.mjs'])
    add(path.join(root, file));
  return hash.digest('hex');
}
