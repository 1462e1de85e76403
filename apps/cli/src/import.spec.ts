import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importFiles, writeSettings } from '@hotstandby/config/import';
import { painter } from '@hotstandby/services/cli';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { importCommand } from './import.ts';
import { importText, missingText } from './import-text.ts';

const root = join(import.meta.dirname, '../../..');
const old = (name: string) => join(root, 'test/fixtures/older-systems', name);
const failOver = readFileSync(old('FailOver.xml'), 'utf8');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hotstandby-import-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(files: string[], out?: string, check = false, json = false) {
  const said: string[] = [];
  const line = (text: string) => void said.push(text);
  const code = await importCommand(files, { out, check }, { out: line, err: line, paint: painter(false), json });
  return { code, said: said.join('\n') };
}

it('shows what a file would become, and writes nothing', async () => {
  const { code, said } = await run([old('FailOver.xml')]);
  expect(code).toBe(0);
  expect(said).toContain('leaseTtlMs = 60 s x 1 = 60000');
  expect(said).toContain('  profile: classic');
  expect(said).toContain('Nothing was written: --out FILE names the configuration.');
});

it('puts it into a complete configuration, which stays complete, with the mode that it had', async () => {
  const out = join(folder, 'node.yaml');
  writeFileSync(out, readFileSync(join(root, 'examples/node.yaml')));
  chmodSync(out, 0o600);
  expect(await run([old('FailOver.xml')], out, true)).toMatchObject({
    code: 0,
    said: expect.stringContaining('--check'),
  });
  expect(readFileSync(out, 'utf8')).not.toContain('classic');
  const { code, said } = await run([old('FailOver.xml')], out);
  expect({ code, said: said.split('\n').at(-1) }).toEqual({ code: 0, said: `written ${out}` });
  expect(readFileSync(out, 'utf8')).toContain('profile: classic');
  expect(statSync(out).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['node.yaml']);
});

it('begins a configuration, and names what nobody said yet', async () => {
  mkdirSync(join(folder, 'nms/conf'), { recursive: true });
  const file = join(folder, 'nms/conf/FailOver.xml');
  writeFileSync(file, failOver);
  const out = join(folder, 'new.yaml');
  const { code, said } = await run([file], out);
  expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('still to be filled in') });
  const text = readFileSync(out, 'utf8');
  expect(text).toContain('#   store\n');
  expect(text).toContain(`root: ${join(folder, 'nms')}\n`);
});

it('leaves a configuration alone that would be wrong with it', async () => {
  const out = join(folder, 'node.yaml');
  const before = readFileSync(join(root, 'examples/node.yaml'), 'utf8').replace(
    '192.0.2.11, dataDir',
    '192.0.2.100, dataDir',
  );
  writeFileSync(out, before);
  const { code, said } = await run([old('itom_fos.conf')], out);
  expect(code).toBe(78);
  expect(said).toContain("another address than the node's own");
  expect(said).toContain('Nothing was written.');
  expect(readFileSync(out, 'utf8')).toBe(before);
});

it.each([
  ['a folder', () => folder, 'a folder'],
  ['a file that is not there', () => join(folder, 'none.xml'), 'ENOENT'],
  ['a pipe', () => pipe(), 'no regular file'],
  ['a huge file', () => put('<FAILOVER>' + ' '.repeat(1_048_576)), 'at most 1048576 bytes'],
  ['a program', () => process.execPath, 'bytes'],
  ['bytes', () => put(new Uint8Array([1, 2, 3, 0, 255])), 'bytes that are no text'],
  ['another XML file', () => put('<config/>'), 'expected FAILOVER as the outermost element'],
  [
    'an external entity',
    () => put('<!DOCTYPE F [<!ENTITY x SYSTEM "file:///etc/passwd">]><FAILOVER a="&x;"/>'),
    'HS_IMPORT_INVALID',
  ],
])('refuses %s, beside a good one too, and writes nothing', async (_, file, said) => {
  const out = join(folder, 'out.yaml');
  const refused = await run([old('FailOver.xml'), file()], out);
  expect(refused).toMatchObject({ code: 78, said: expect.stringContaining(said) });
  expect(refused.said).toContain('Nothing was written.');
  expect(existsSync(out)).toBe(false);
});

it('says when the configuration cannot be written', async () => {
  expect(await run([old('FailOver.xml')], folder)).toMatchObject({
    code: 78,
    said: expect.stringContaining('HS_IMPORT_WRITE'),
  });
  const nowhere = join(folder, 'no/folder/node.yaml');
  expect(await run([old('FailOver.xml')], nowhere)).toMatchObject({
    code: 78,
    said: expect.stringContaining('ENOENT'),
  });
});

it('answers machines with everything', async () => {
  const { said } = await run([old('itom_fos.conf')], undefined, false, true);
  expect(JSON.parse(said)).toMatchObject({
    wrong: [],
    written: null,
    missing: expect.arrayContaining(['cluster', 'store']),
    settings: expect.arrayContaining([{ field: 'binding.mode', value: 'vip' }]),
    taken: expect.arrayContaining([expect.objectContaining({ line: 4, why: expect.any(String) })]),
  });
});

it.each(['FailOver.xml', 'itom_fos.conf'])('is what docs/migrating.md prints for %s', (name) => {
  const imported = importFiles([
    { name, text: readFileSync(old(name), 'utf8'), home: name.endsWith('.xml') ? '/opt/webnms' : null },
  ]);
  const { text, faults } = writeSettings('', imported.settings);
  const missing = faults.map(({ field }) => field);
  const shown = { ...imported, yaml: missingText(missing) + text, missing, faults: [], written: null };
  const lines = importText(shown, undefined, false, painter(false)).join('\n');
  expect(readFileSync(join(root, 'docs/migrating.md'), 'utf8')).toContain(`\`\`\`text\n${lines}\n\`\`\`\n`);
});

function put(content: string | Uint8Array): string {
  const file = join(folder, 'FailOver.xml');
  writeFileSync(file, content);
  return file;
}

function pipe(): string {
  const file = join(folder, 'pipe');
  execFileSync('mkfifo', [file]);
  return file;
}
