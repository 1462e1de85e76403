import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findConfigs } from './find-config.ts';

let root: string;
const node = (name: string) => join(root, 'clone', '.hotstandby', 'pair', name, 'node.yaml');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hs-cli-'));
  await mkdir(join(root, 'clone', 'deep', 'down'), { recursive: true });
  await mkdir(join(root, 'elsewhere'));
  for (const name of ['a', 'b']) {
    await mkdir(join(node(name), '..'), { recursive: true });
    await writeFile(node(name), '');
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

it('finds the pair of the clone upwards from the first folder that has one', () => {
  expect(findConfigs(undefined, [join(root, 'clone', 'deep', 'down')])).toEqual([node('a'), node('b')]);
  expect(findConfigs(undefined, [join(root, 'elsewhere'), join(root, 'clone')])).toEqual([node('a'), node('b')]);
});

it('takes the named file alone, whether it is there or not', () => {
  expect(findConfigs('/nowhere/node.yaml', [join(root, 'clone')])).toEqual(['/nowhere/node.yaml']);
});
