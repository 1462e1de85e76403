import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const script = join(import.meta.dirname, '..', '..', 'apps', 'cli', 'bin', 'hotstandby.mjs');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hs-bin-'));
  await mkdir(join(folder, 'cli', 'bin'), { recursive: true });
  await cp(script, join(folder, 'cli', 'bin', 'hotstandby.mjs'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(node: string, ...args: string[]) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(node, [join(folder, 'cli', 'bin', 'hotstandby.mjs'), ...args], (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err });
    });
  });
}

/** A Node from 20 on that is older than what services need; null where there is none. */
const oldNode = execFileSync('sh', ['-c', 'which -a node || true'], { encoding: 'utf8' })
  .split('\n')
  .filter(Boolean)
  .find((node) => {
    const major = Number(execFileSync(node, ['--version'], { encoding: 'utf8' }).slice(1).split('.')[0]);
    return major >= 20 && major < 24;
  });

it('says that the program is not built', async () => {
  expect(await run(process.execPath)).toMatchObject({ code: 69, err: expect.stringContaining('npm run build') });
});

it('passes arguments and the exit code on', async () => {
  await mkdir(join(folder, 'cli', 'bundle'));
  const main = `console.log(process.versions.node.split('.')[0], process.argv.slice(2).join()); process.exit(7);`;
  await writeFile(join(folder, 'cli', 'bundle', 'main.mjs'), main);
  const own = process.versions.node.split('.')[0];
  expect(await run(process.execPath, 'a b', '--c')).toEqual({ code: 7, out: `${own} a b,--c\n`, err: '' });
});

it.skipIf(!oldNode)(
  'uses the Node that npm brought when the one it runs on is too old, and says when there is none',
  async () => {
    expect(await run(oldNode ?? '')).toMatchObject({ code: 69, err: expect.stringContaining('npm install') });
    await mkdir(join(folder, 'node_modules', '.bin'), { recursive: true });
    await symlink(process.execPath, join(folder, 'node_modules', '.bin', 'node'));
    const own = process.versions.node.split('.')[0];
    expect(await run(oldNode ?? '', 'x')).toEqual({ code: 7, out: `${own} x\n`, err: '' });
  },
);
