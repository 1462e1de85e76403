import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hs-boundaries-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function project(path: string, layer: string | null, dependencies: Record<string, string> = {}): void {
  const name = `@hotstandby/${path.split('/').at(-1)}`;
  const tags = layer === null ? [] : [`layer:${layer}`];
  write(`${path}/package.json`, JSON.stringify({ name, nx: { tags }, dependencies }));
  const references = Object.keys(dependencies)
    .filter((one) => one.startsWith('@hotstandby/'))
    .map((one) => ({ path: `../${one.split('/')[1]}` }));
  write(`${path}/tsconfig.json`, JSON.stringify({ references }));
}

function check(tool: string): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, tool), root], {
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

it('keeps quiet about a tree that keeps the boundaries', () => {
  project('libs/core', 'core');
  project('libs/ports', 'ports', { '@hotstandby/core': '*' });
  write('libs/core/src/index.ts', 'export type Role = string;');
  write('libs/ports/src/index.ts', "import type { Role } from '@hotstandby/core/lease';\nexport type R = Role;");
  expect(check('check-boundaries.mjs')).toEqual({ status: 0, text: 'boundaries: kept\n' });
});

it.each([
  [
    'a layer that reaches upwards',
    'libs/core/src/a.ts',
    "import { x } from '@hotstandby/adapters/nats';",
    'core may not import adapters',
  ],
  [
    'node in a service',
    'libs/services/src/x/a.ts',
    "import { readFileSync } from 'node:fs';",
    'services may not import node:fs',
  ],
  ['a driver in a service', 'libs/services/src/x/a.ts', "import pg from 'pg';", 'services may not import pg'],
  [
    'another service',
    'libs/services/src/x/a.ts',
    "import { y } from '../y/index.ts';",
    'services/x may not import services/y',
  ],
  [
    'another service by name',
    'libs/services/src/x/a.ts',
    "import { y } from '@hotstandby/services/y';",
    'services/x may not import services/y',
  ],
  [
    'another adapter',
    'libs/adapters/src/nats/a.ts',
    "export { y } from '../postgres/index.ts';",
    'adapters/nats may not import adapters/postgres',
  ],
  [
    'an adapter that is none of the two a chooser chooses from',
    'libs/adapters/src/stores/a.ts',
    "export { y } from '../nats/index.ts';",
    'adapters/stores may not import adapters/nats',
  ],
  [
    'a chooser in what it chooses from',
    'libs/adapters/src/postgres/a.ts',
    "export { y } from '../stores/index.ts';",
    'adapters/postgres may not import adapters/stores',
  ],
  ['what is not declared', 'libs/adapters/src/nats/a.ts', "import x from 'left-pad';", 'left-pad is not declared'],
  [
    'a deep import',
    'libs/services/src/x/a.ts',
    "import { y } from '@hotstandby/core/lease/step';",
    'reaches into a package',
  ],
  [
    'a path out of the package',
    'libs/core/src/a.ts',
    "import { y } from '../../ports/src/bus.ts';",
    'leaves the package',
  ],
  ['a dynamic import', 'libs/core/src/a.ts', "const x = import('node:fs');", 'core may not import node:fs'],
])('names %s', (_, file, source, fault) => {
  project('libs/core', 'core');
  project('libs/ports', 'ports', { '@hotstandby/core': '*' });
  project('libs/services', 'services', { '@hotstandby/core': '*' });
  project('libs/adapters', 'adapters', { '@hotstandby/ports': '*' });
  write(file, source);
  const { status, text } = check('check-boundaries.mjs');
  expect(text).toContain(`${file}: `);
  expect(text).toContain(fault);
  expect(status).toBe(1);
});

it('lets a project without a layer import nothing', () => {
  project('libs/core', 'core');
  project('libs/stray', null, { '@hotstandby/core': '*' });
  write('libs/stray/src/index.ts', "import { x } from '@hotstandby/core/lease';");
  expect(check('check-boundaries.mjs').status).toBe(1);
});

it.each([
  ['libs/core/src/a.ts', 'export const now = Date.now();', 'the wall clock'],
  ['libs/core/src/a.ts', 'export const f = () => new Promise(() => {});', 'Promise'],
  ['libs/core/src/a.ts', 'export async function f() {}', 'async'],
  ['libs/decoders/src/a.ts', 'export const dice = Math.random();', 'chance'],
  ['libs/services/src/x/a.ts', 'setTimeout(() => {}, 1);', 'a timer'],
  ['libs/services/src/x/a.ts', 'export const at = new Date();', 'the wall clock'],
])('names impurity in %s: %s', (file, source, what) => {
  write(file, source);
  const { status, text } = check('check-purity.mjs');
  expect(text).toContain(`${file}:1: ${what} has no place here`);
  expect(status).toBe(1);
});

it('does not take a word in a comment or a string for the thing', () => {
  write('libs/core/src/a.ts', "// no Date.now here\n/* nor await */\nexport const sentence = 'await the Promise';");
  expect(check('check-purity.mjs').status).toBe(0);
});
