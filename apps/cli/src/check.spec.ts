import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { painter } from '@hotstandby/services/cli';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkCommand } from './check.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hs-check-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function node(name: string, policy: object): Promise<string> {
  const other = name === 'a' ? 'b' : 'a';
  const file = join(folder, `${name}-${Math.random()}.yaml`);
  const config = {
    cluster: 'demo',
    node: {
      name,
      kind: name === 'a' ? 'primary' : 'secondary',
      address: `192.0.2.${name === 'a' ? 1 : 2}`,
      dataDir: '/x',
    },
    peer: { name: other, address: `192.0.2.${other === 'a' ? 1 : 2}` },
    store: { url: 'postgresql://u@192.0.2.3:5432/d' },
    nats: { url: 'nats://192.0.2.1:4222', keysDir: '/keys' },
    policy,
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

async function check(...files: string[]) {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const code = await checkCommand({ json: false }, files, { out: say, err: say, paint: painter(false), json: false });
  return { code, said: said.join('\n') };
}

it('finds two nodes good whose policies agree, defaults included', async () => {
  const { code, said } = await check(await node('a', {}), await node('b', { failback: 'manual' }));
  expect(code).toBe(0);
  expect(said).not.toContain('HS_');
});

it('names each field of the policy in which two nodes of a cluster differ', async () => {
  const { code, said } = await check(await node('a', {}), await node('b', { enabled: false, failback: 'never' }));
  expect(code).toBe(78);
  expect(said).toContain('HS_POLICY_MISMATCH policy.enabled: expected true, as ');
  expect(said).toContain('HS_POLICY_MISMATCH policy.failback: expected "manual", as ');
});
