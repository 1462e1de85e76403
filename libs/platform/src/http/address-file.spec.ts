import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Logger } from '@hotstandby/ports';
import { AddressFile, httpUrl } from './address-file.ts';

let folder: string;
let warned: string[];
const log: Logger = { debug() {}, info() {}, warn: (text) => void warned.push(text), error() {} };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hs-http-'));
  warned = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('holds the address while the service listens, and leaves nothing behind', async () => {
  const path = join(folder, 'http');
  const file = new AddressFile(path, log);
  await file.write('192.0.2.11', 8085);
  await file.write('192.0.2.11', 41_234);
  expect(await readFile(path, 'utf8')).toBe('http://192.0.2.11:41234\n');
  expect(await readdir(folder)).toEqual(['http']);
  await file.remove();
  expect(await readdir(folder)).toEqual([]);
});

it('writes nothing when no file is named', async () => {
  for (const path of [undefined, '']) {
    const file = new AddressFile(path, log);
    await file.write('192.0.2.11', 1);
    await file.remove();
  }
  expect(warned).toEqual([]);
});

it('says that a file cannot be written, and goes on', async () => {
  const file = new AddressFile(join(folder, 'missing', 'http'), log);
  await file.write('192.0.2.11', 1);
  await file.remove();
  expect(warned).toHaveLength(1);
});

it.each([
  ['192.0.2.11', 'http://192.0.2.11:80'],
  ['2001:db8::11', 'http://[2001:db8::11]:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
])('tells how to ask who listens on %s', (address, url) => {
  expect(httpUrl(address, 80)).toBe(url);
});
