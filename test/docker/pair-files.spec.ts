import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsUsers } from '@hotstandby/contracts';
import { parseConfig, type NodeConfig } from '@hotstandby/config';
import { findNatsServer } from '../parts/nats-server.ts';
import { root } from './compose.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hs-deploy-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const good = {
  cluster: 'prod',
  primary: 'left=192.0.2.11',
  secondary: 'right=192.0.2.12',
  store: 'postgresql://hotstandby@192.0.2.10:5432/hotstandby',
};

/** Runs the command as its bundle does, from the sources. An option that is undefined is left out. */
function makePair(options: Record<string, string | undefined>) {
  const words = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  const main = join(root, 'tools/pair/src/main.ts');
  const flags = ['--conditions=@hotstandby/source', '--disable-warning=ExperimentalWarning'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, main, 'files', ...words], {
    encoding: 'utf8',
    timeout: 60_000,
    cwd: folder,
  });
  return { status, stdout, stderr };
}

function configAt(file: string): NodeConfig {
  const result = parseConfig(readFileSync(file, 'utf8'));
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.config;
}

describe('a pair with a virtual address', () => {
  const at = (...path: string[]) => join(folder, 'pair', ...path);
  beforeAll(() => {
    const made = makePair({ ...good, vip: '192.0.2.100/24', profile: 'fast', out: 'pair' });
    expect(made.stderr).toBe('');
    expect(made.status).toBe(0);
  });

  it('has configurations that the services take, with paths inside the containers', () => {
    const left = configAt(at('node-left/node.yaml'));
    const right = configAt(at('node-right/node.yaml'));
    expect(left.node).toMatchObject({ name: 'left', kind: 'primary', address: '192.0.2.11' });
    expect(right.node).toMatchObject({ name: 'right', kind: 'secondary', address: '192.0.2.12' });
    expect(left.peer).toEqual({ name: 'right', address: '192.0.2.12' });
    expect(right.peer).toEqual({ name: 'left', address: '192.0.2.11' });
    for (const config of [left, right]) {
      expect(config).toMatchObject({ cluster: 'prod', profile: 'fast', store: { url: good.store } });
      expect(config.binding).toMatchObject({ mode: 'vip', addresses: ['192.0.2.100/24'] });
      expect(config.nats.url).toBe(`nats://${config.node.address}:4222`);
      // Every file that the configuration names is in the folder that is mounted at /etc/hotstandby.
      const inside = (path: string) => at(`node-${config.node.name}`, path.replace(/^\/etc\/hotstandby\//, ''));
      expect(existsSync(inside(config.store.passwordFile ?? ''))).toBe(true);
      for (const user of natsUsers) expect(existsSync(join(inside(config.nats.keysDir), `${user}.nk`))).toBe(true);
      if (!config.fileSync.enabled) throw new Error('file-sync is not enabled');
      for (const key of ['id', 'authorized', 'host', 'known_hosts'])
        expect(existsSync(join(inside(config.fileSync.keysDir), key))).toBe(true);
      for (const written of [config.node.dataDir, config.fileSync.root])
        expect(written).toMatch(/^\/var\/lib\/hotstandby\//);
    }
  });

  it('tells both nodes and the store the same new password', () => {
    const password = readFileSync(at('store/postgres-password'), 'utf8');
    expect(password).toMatch(/^[0-9a-f]{48}\n$/);
    for (const node of ['left', 'right'])
      expect(readFileSync(at(`node-${node}`, 'keys/store-password'), 'utf8')).toBe(password);
    expect(readFileSync(at('store/redis.conf'), 'utf8')).toMatch(/^requirepass [0-9a-f]{48}\n$/);
  });

  it('keeps secrets from others, and shows the group one key only', () => {
    const files = readdirSync(at(), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(30);
    const mayRead = (bits: number) =>
      files
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => statSync(path).mode & bits)
        .map((path) => path.slice(at().length + 1).replace(/^node-(left|right)\//, ''));
    const open = ['node.yaml', 'keys/nats/ca.pem', 'keys/nats/leaf.pem', 'keys/ssh/id.pub', 'keys/ssh/host.pub', 'keys/ssh/known_hosts']; // prettier-ignore
    expect(new Set(mayRead(0o007))).toEqual(new Set(open));
    expect(new Set(mayRead(0o070))).toEqual(new Set([...open, 'keys/nats/network-binding.nk']));
    expect(statSync(at()).mode & 0o077).toBe(0);
    for (const path of ['node-left', 'node-left/keys', 'node-left/keys/nats'])
      expect(statSync(at(path)).mode & 0o777).toBe(0o750);
  });

  it.skipIf(process.getuid?.() !== 0)('belongs to those who read it in the containers, when root made it', () => {
    for (const path of ['node-left', 'node-left/node.yaml', 'node-right/keys/nats/network-binding.nk'])
      expect([statSync(at(path)).uid, statSync(at(path)).gid]).toEqual([1000, 1000]);
    expect(statSync(at('store/postgres-password')).uid).toBe(999);
  });

  it.each(['left', 'right'])('has a NATS configuration for node %s that nats-server takes', (name) => {
    const binary = findNatsServer();
    if (!binary) throw new Error('no nats-server here: apt-get install nats-server');
    const host = join(folder, `host-${name}`);
    cpSync(at(`node-${name}`), host, { recursive: true });
    const conf = join(host, 'nats/nats.conf');
    const text = readFileSync(conf, 'utf8');
    expect(text).toContain('/var/lib/hotstandby/nats/jetstream');
    writeFileSync(conf, text.replaceAll('/etc/hotstandby', host).replaceAll('/var/lib/hotstandby', join(host, 'lib')));
    const check = () => spawnSync(binary, ['-t', '-c', conf], { encoding: 'utf8', timeout: 20_000 });
    expect(check()).toMatchObject({ status: 0 });
    rmSync(join(host, 'keys/nats/leaf.pem'));
    expect(check().status).not.toBe(0);
  });

  it('is never written over', () => {
    const before = readFileSync(at('node-left/keys/nats/arbiter.nk'), 'utf8');
    const again = makePair({ ...good, out: 'pair' });
    expect(again.status).toBe(1);
    expect(again.stderr).toMatch(/HS_USAGE: --out: .*exists/);
    expect(readFileSync(at('node-left/keys/nats/arbiter.nk'), 'utf8')).toBe(before);
  });
});

it('makes a pair over IPv6 with a given password', () => {
  writeFileSync(join(folder, 'password'), 'given p@ss\n');
  const made = makePair({
    ...good,
    primary: 'a=2001:db8::11',
    secondary: 'b=2001:db8::12',
    'store-password': 'password',
    out: 'six',
  });
  expect(made).toMatchObject({ status: 0, stderr: '' });
  expect(made.stdout).not.toContain('given p@ss');
  expect(configAt(join(folder, 'six/node-a/node.yaml')).nats.url).toBe('nats://[2001:db8::11]:4222');
  expect(readFileSync(join(folder, 'six/node-b/keys/store-password'), 'utf8')).toBe('given p@ss\n');
});

it('says everything that is wrong at once, and leaves nothing behind', () => {
  const before = readdirSync(folder);
  const made = makePair({
    cluster: 'two words',
    primary: 'a:192.0.2.11',
    secondary: '../b=host.example',
    store: 'postgresql://hotstandby:geheim@192.0.2.10:5432/',
    vip: '192.0.2.100',
    profile: 'quick',
    out: 'wrong',
  });
  expect(made.status).toBe(1);
  for (const option of ['--cluster', '--primary', '--secondary', '--store', '--vip', '--profile'])
    expect(made.stderr).toContain(`${option}: expected`);
  expect(made.stderr).toContain('Cure: ');
  expect(made.stderr).not.toContain('geheim');
  expect(made.stderr).not.toContain('    at ');
  expect(readdirSync(folder)).toEqual(before);
});

it.each([
  ['a missing option', { store: undefined }, /--store is missing/],
  ['an unknown option', { colour: 'red' }, /colour/],
  ['equal names', { secondary: 'LEFT=192.0.2.12' }, /another name/],
  ['equal addresses', { secondary: 'right=192.0.2.11' }, /another address/],
  ['an address that means every one', { primary: 'left=0.0.0.0' }, /--primary: expected an address that the host has/],
  ['the address of a node as the virtual one', { vip: '192.0.2.12/24' }, /--vip: expected another address/],
  ['a prefix length out of range', { vip: '192.0.2.100/33' }, /--vip: expected/],
  ['a password file that is not there', { 'store-password': 'nothing' }, /--store-password: .*ENOENT/],
  ['a folder in a folder that is not there', { out: 'no/such' }, /--out: expected a folder inside one that exists/],
])('refuses %s', (_, change, message) => {
  const made = makePair({ ...good, out: 'refused', ...change });
  expect(made.status).toBe(1);
  expect(made.stderr).toMatch(message);
  expect(existsSync(join(folder, 'refused'))).toBe(false);
});
