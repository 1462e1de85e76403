import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { stagingFolder } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'hs-staging-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('waits beside the root, which need not be there yet', async () => {
  const beside = join(folder, '.files.hotstandby-sync');
  expect(await stagingFolder(join(folder, 'files'))).toBe(beside);
  mkdirSync(join(folder, 'files'));
  expect(await stagingFolder(join(folder, 'files'))).toBe(beside);
  expect(await stagingFolder(join(folder, 'files'))).toBe(beside);
});

it('waits inside the root when nothing can be made beside it', async () => {
  // Nobody makes a folder in /proc; it says ENOENT to that.
  expect(await stagingFolder('/proc/self')).toBe('/proc/self/.hotstandby-sync');
});
