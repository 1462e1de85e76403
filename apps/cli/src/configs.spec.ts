import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { painter } from '@hotstandby/services/cli';
import { ConfigFaults, readConfigs } from './configs.ts';

const folder = mkdtempSync(join(tmpdir(), 'hs-configs-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function told(config: string, json: boolean): Promise<string> {
  const lines: string[] = [];
  const output = { out: () => {}, err: (line: string) => lines.push(line), paint: painter(false), json };
  const fault = await readConfigs({ config }).catch((error: unknown) => error);
  if (!(fault instanceof ConfigFaults)) throw new Error(`it is no such fault: ${String(fault)}`);
  expect(fault.tell(output)).toBe(78);
  return lines.join('\n');
}

it('says in words why a file cannot be read', async () => {
  const file = join(folder, 'none.yaml');
  expect(await told(file, false)).toContain(`${file}: there is no such file (ENOENT)`);
  expect(await told(folder, false)).toContain('it is a folder (EISDIR)');
});

it('names the place of a fault in the YAML, and nothing of the text', async () => {
  const file = join(folder, 'broken.yaml');
  writeFileSync(file, 'store: { url: "postgresql://h:secret@x/h"\n');
  const text = await told(file, false);
  expect(text).toMatch(/at line 2, column 1; cure: Mend the syntax/);
  expect(text).not.toContain('secret');
});

it('tells a machine the first fault as every other error, and all of them beside it', async () => {
  const file = join(folder, 'empty.yaml');
  writeFileSync(file, '');
  const { error, faults, ...rest } = JSON.parse(await told(file, true)) as { error: object; faults: object[] };
  expect(error).toEqual({
    code: 'HS_CONFIG_INVALID',
    message: 'cluster: expected string, got nothing',
    cure: 'Add cluster.',
  });
  expect(faults.length).toBeGreaterThan(1);
  expect(rest).toEqual({ file });
});
