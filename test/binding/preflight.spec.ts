// What `hotstandby check`, `preflight --binding` and `binding plan` say of bad input, on real hosts and real DNS servers.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BindServer, freePort, makeKey, name, noBind, zone, type TestKey } from './bind-server.ts';
import { compileClockShim } from './clock-shim.ts';
import { Lan, missing, until, vip, vip6 } from './lan.ts';

const root = path.join(import.meta.dirname, '..', '..');
const node = path.join(root, 'node_modules', '.bin', 'node');
const folder = mkdtempSync(path.join(tmpdir(), 'hs-preflight-'));
const ends: (() => Promise<unknown> | void)[] = [];
const cluster = 'binding-test';

interface Line {
  check: string;
  result: 'ok' | 'warn' | 'fail';
  message: string;
  code: string | null;
}
interface Ran {
  code: number;
  out: string;
  err: string;
}

/** A node's file with this binding; node a is 192.0.2.11 and its peer 192.0.2.12, or as given. */
function configFile(binding: object, change: { address?: string; peer?: string; node?: string } = {}): string {
  const file = path.join(folder, 'node.yaml');
  const { address = '192.0.2.11', peer = '192.0.2.12', node: own = 'a' } = change;
  const config = {
    cluster,
    node: { name: own, kind: 'primary', address, dataDir: folder },
    peer: { name: own === 'a' ? 'b' : 'a', address: peer },
    store: { url: 'postgresql://u@192.0.2.10/d' },
    nats: { url: 'nats://192.0.2.11:4222', keysDir: folder },
    fileSync: { enabled: false },
    notifier: { enabled: false },
    binding,
  };
  writeFileSync(file, stringify(config));
  return file;
}

/** The command line from its sources; `before`: in front of it, like `nsenter ...`. Never throws for an exit code. */
function cli(args: string[], before: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const main = path.join(root, 'apps', 'cli', 'src', 'main.ts');
  const words = [...before, node, '--conditions=@hotstandby/source', main, ...args];
  const [program = '', ...rest] = words;
  const options = { timeout: 60_000, env: { ...process.env, NODE_OPTIONS: '', ...env } };
  return new Promise((resolve) => {
    execFile(program, rest, options, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
    );
  });
}

async function preflight(
  file: string,
  before: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; amiss: string[]; lines: Line[] }> {
  const { code, out, err } = await cli(['preflight', '--binding', '--json', '--config', file], before, env);
  if (out === '') throw new Error(`nothing but ${err}`);
  const [{ lines }] = JSON.parse(out) as [{ lines: Line[] }];
  const amiss = lines.filter(({ result }) => result !== 'ok');
  return { code, amiss: amiss.map((line) => `${line.result} ${line.check} ${line.code}`), lines };
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** What is refused before anything starts. */
const refused: [string, object, RegExp][] = [
  ["the node's own address", { addresses: ['192.0.2.11/24'] }, /another address than the node's own/],
  ["the peer's address", { addresses: ['192.0.2.12/24'] }, /another address than the peer's own/],
  ['a mask of 0', { addresses: ['192.0.2.100/0'] }, /its prefix length is 0/],
  ['a mask of 33', { addresses: ['192.0.2.100/33'] }, /address with its prefix length/],
  ['no mask', { addresses: ['192.0.2.100'] }, /address with its prefix length/],
  ['a multicast address', { addresses: ['224.0.0.18/24'] }, /multicast/],
  ['an IPv6 multicast address', { addresses: ['ff02::12/64'] }, /multicast/],
  ['the broadcast address', { addresses: ['192.0.2.255/24'] }, /broadcast address of its subnet/],
  ['the subnet itself', { addresses: ['192.0.2.0/24'] }, /its subnet itself/],
  ['a loopback address', { addresses: ['127.0.0.5/8'] }, /loopback/],
  ['no address at all', { addresses: [] }, /binding\.addresses/],
  ['an address twice', { addresses: ['2001:db8::100/64', '2001:DB8:0::100/64'] }, /each address once/],
  ['a name that no interface has', { addresses: ['192.0.2.100/24'], interface: 'far-too-long-a-name' }, /interface/],
];

it('hotstandby check refuses addresses that cannot be, and names field, reason and cure', async () => {
  const files = refused.map(([what, binding], index) => {
    const file = path.join(folder, `refused-${index}.yaml`);
    renameSync(configFile({ mode: 'vip', ...binding }), file);
    return { what, file };
  });
  const { code, out } = await cli(['check', '--json', ...files.map(({ file }) => file)]);
  const checked = JSON.parse(out) as {
    ok: boolean;
    faults: { code: string; field: string; expected: string; cure: string }[];
  }[];
  for (const [index, [what, , expected]] of refused.entries()) {
    const faults = checked[index]?.faults ?? [];
    const texts = faults.map((fault) => Object.values(fault).join(' ')).join('\n');
    expect(texts, what).toMatch(expected);
    for (const fault of faults) {
      expect(fault.code, what).toBe('HS_CONFIG_INVALID');
      expect(fault.field, what).toMatch(/^binding\./);
      expect(fault.cure, what).not.toBe('');
    }
  }
  expect(code).toBe(78);
});

const noLan = missing();
describe.skipIf(noLan)(noLan ? `skipped: ${noLan}` : 'the preflight of a virtual IP', () => {
  const lan = new Lan();
  const vipOf = (...addresses: string[]) => ({ mode: 'vip', addresses });
  const on = (host: string) => ['nsenter', `--net=/run/netns/${lan.namespace(host)}`];
  const plain = () => configFile(vipOf(`${vip}/24`));

  beforeAll(() => lan.open());
  afterAll(() => lan.close());

  it('is content on a good host, for IPv4 and IPv6, and says what it would do', async () => {
    const file = configFile(vipOf(`${vip}/24`, `${vip6}/64`));
    const { code, amiss } = await preflight(file, on('a'));
    // The peer has one address in the configuration.
    expect(amiss.filter((line) => !line.includes('resolves'))).toEqual([`warn subnet ${vip6}/64 HS_BINDING_SUBNET`]);
    expect(code).toBe(0);
    const plan = await cli(['binding', 'plan', '--config', file], on('a'));
    expect(plan.code, plan.err).toBe(0);
    expect(plan.out).toMatch(
      /1\. open-gate[^]*2\. add 192\.0\.2\.100\/32 on eth0[^]*3\. add 2001:db8::100\/128 on eth0[^]*4\. announce/,
    );
    expect(await lan.has('a')).toBe(false);
  });

  it('sees the address of an active, and of the peer, as it is', async () => {
    const binding = await lan.start('a', [`${vip}/24`]);
    ends.push(() => binding.kill());
    binding.activate(1);
    await until('the address answers', () => lan.answers());
    expect(await preflight(plain(), on('a'))).toMatchObject({ code: 0, amiss: [] });
    const plan = await cli(['binding', 'plan', '--json', '--config', plain()], on('a'));
    const [{ plans, seen }] = JSON.parse(plan.out) as [{ plans: { steps: { do: string }[] }[]; seen: string[] }];
    expect(plans.map(({ steps }) => steps.map((step) => step.do))).toEqual([['renew'], ['shut-gate', 'remove']]);
    expect(seen.join()).toContain("the kernel's gate is open");
    const other = configFile(vipOf(`${vip}/24`), { node: 'b', address: '192.0.2.12', peer: '192.0.2.11' });
    const { code, lines } = await preflight(other, on('b'));
    expect(lines.find(({ check }) => check === `free ${vip}`)).toMatchObject({
      result: 'ok',
      message: /^the peer has it/,
    });
    expect(code).toBe(0);
  });

  it('names a stranger by its MAC', async () => {
    await lan.ip('c', 'address', 'add', `${vip}/24`, 'dev', 'eth0');
    ends.push(() => lan.ip('c', 'address', 'del', `${vip}/24`, 'dev', 'eth0'));
    const { code, amiss, lines } = await preflight(plain(), on('a'));
    expect(amiss).toEqual([`fail free ${vip} HS_BINDING_TAKEN`]);
    expect(lines.find(({ result }) => result === 'fail')?.message).toContain(await lan.mac('c'));
    expect(code).toBe(1);
  });

  it('says that the rights are missing, and changes nothing for want of them', async () => {
    const weak = ['setpriv', '--bounding-set=-net_admin,-net_raw', '--inh-caps=-net_admin,-net_raw'];
    const { code, amiss } = await preflight(plain(), [...on('a'), ...weak]);
    expect(amiss).toEqual([
      'fail permission HS_BINDING_PERMISSION',
      'warn nftables HS_BINDING_GATE',
      `warn free ${vip} HS_BINDING_PERMISSION`,
    ]);
    expect(code).toBe(1);
    const plan = await cli(['binding', 'plan', '--config', plain()], [...on('a'), ...weak]);
    expect(plan.out).toContain('it would fail');
    expect(plan.code).toBe(1);
  });

  it.each<[string, () => string, string[]]>([
    [
      'an interface that is not there',
      () => configFile({ ...vipOf(`${vip}/24`), interface: 'eth9' }),
      [`fail interface ${vip}/24 HS_BINDING_INTERFACE`],
    ],
    [
      'the wrong interface',
      () => configFile({ ...vipOf(`${vip}/24`), interface: 'lo' }),
      [`fail interface ${vip}/24 HS_BINDING_INTERFACE`],
    ],
    [
      'an address outside of every subnet',
      () => configFile(vipOf('198.51.100.7/24')),
      ['fail interface 198.51.100.7/24 HS_BINDING_INTERFACE'],
    ],
    [
      "the host's own address",
      () => configFile(vipOf('192.0.2.11/24'), { address: '10.0.0.1' }),
      ['fail interface 192.0.2.11/24 HS_BINDING_FOREIGN'],
    ],
    [
      "another mask than the host's",
      () => configFile(vipOf(`${vip}/25`)),
      [`warn interface ${vip}/25 HS_BINDING_SUBNET`],
    ],
    [
      'a peer elsewhere',
      () => configFile(vipOf(`${vip}/24`), { peer: '198.51.100.12' }),
      [`warn subnet ${vip}/24 HS_BINDING_SUBNET`],
    ],
  ])('says of %s what it is', async (_, file, expected) => {
    const { code, amiss } = await preflight(file(), on('a'));
    expect(amiss).toEqual(expected);
    expect(code).toBe(expected.some((line) => line.startsWith('fail')) ? 1 : 0);
  });

  it('sees that the cable is out, and an interface that is down', async () => {
    await lan.ip('sw', 'link', 'set', 'pa', 'down');
    ends.push(() => lan.ip('sw', 'link', 'set', 'pa', 'up'));
    expect((await preflight(plain(), on('a'))).amiss).toContain(`fail interface ${vip}/24 HS_BINDING_LINK`);
    await lan.ip('a', 'link', 'set', 'eth0', 'down');
    ends.push(() => lan.ip('a', 'link', 'set', 'eth0', 'up'));
    expect((await preflight(plain(), on('a'))).amiss).toEqual([`fail interface ${vip}/24 HS_BINDING_INTERFACE`]);
  });
});

const lacking = noBind();
describe.skipIf(lacking)(lacking ? `skipped: ${lacking}` : 'the preflight of a virtual hostname', () => {
  let server: BindServer;
  let key: TestKey;
  let weakKey: TestKey;
  const own = { address: '127.0.0.11', peer: '127.0.0.12' };
  const withKey = (one: TestKey, more: object = {}) => {
    const tsig = { name: one.name, algorithm: one.algorithm, keyFile: one.keyFile };
    return configFile({ mode: 'hostname', name, zone, servers: [server.address], tsig, ...more }, own);
  };
  /** What this host's resolver says of names and addresses here is nobody's business. */
  const judged = async (file: string, env: NodeJS.ProcessEnv = {}) => {
    const { code, amiss } = await preflight(file, [], env);
    return { code, amiss: amiss.filter((line) => !line.startsWith('warn resolves ')) };
  };

  beforeAll(async () => {
    key = makeKey(folder, 'failover-key');
    weakKey = makeKey(folder, 'no-text-key', 'hmac-sha384');
    server = new BindServer({
      folder: path.join(folder, 'dns'),
      port: await freePort(),
      include: [key.keyFile, weakKey.keyFile],
      zone: `type primary; update-policy { grant ${key.name} name ${name}. A AAAA;
        grant ${key.name} name _hotstandby.${name}. TXT; grant ${weakKey.name} name ${name}. A AAAA; };`,
      records: '',
    });
    await server.start();
  });
  afterAll(() => server?.stop());

  it('is content with a server that takes updates, and shows the first step', async () => {
    const { code, amiss, lines } = await preflight(withKey(key));
    expect(amiss.filter((line) => !line.startsWith('warn resolves '))).toEqual([]);
    expect(code).toBe(0);
    expect(lines.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'key',
        'owner',
        'update',
        'clock',
        `resolves ${name}`,
        'resolves 127.0.0.11',
        'resolves 127.0.0.12',
      ]),
    );
    const plan = await cli(['binding', 'plan', '--config', withKey(key)]);
    expect(plan.out).toContain(`1. update ${name} -> 127.0.0.11; TXT "epoch=1 node=a cluster=${cluster}"`);
    expect(plan.code).toBe(0);
  });

  it('tells a wrong key, a missing right, a foreign zone and a key file for everybody apart', async () => {
    mkdirSync(path.join(folder, 'other'), { recursive: true });
    const wrong = makeKey(path.join(folder, 'other'), key.name);
    expect(await judged(withKey(wrong))).toEqual({
      code: 1,
      amiss: ['fail update HS_DNS_KEY'],
    });
    expect(await judged(withKey(weakKey))).toEqual({ code: 1, amiss: ['fail update HS_DNS_REFUSED'] });
    const elsewhere = await judged(withKey(key, { name: 'service.example.org', zone: 'example.org' }));
    expect(elsewhere).toMatchObject({ code: 1 });
    expect(elsewhere.amiss).toEqual([`fail server ${server.address} HS_DNS_ZONE`, 'fail update HS_DNS_ZONE']);
    const absent = { ...key, keyFile: path.join(folder, 'absent.key') };
    expect(await judged(withKey(absent))).toEqual({ code: 1, amiss: ['fail key HS_DNS_KEY_FILE'] });
  });

  it('measures a clock that is ten minutes off', async (test) => {
    const shim = compileClockShim(path.join(folder, 'shim'));
    if (!shim) return test.skip('gcc is not installed: no clock can be shifted for nsupdate');
    // A host whose clock is ahead: the command's own, and nsupdate's.
    const env = { HOTSTANDBY_PATH: shim, LD_PRELOAD: path.join(shim, 'clock.so') };
    const { code, lines } = await preflight(withKey(key), [], env);
    const line = (check: string) => lines.find((one) => one.check === check);
    expect(line('update')).toMatchObject({ result: 'fail', code: 'HS_DNS_CLOCK' });
    expect(line('clock')).toMatchObject({ result: 'fail', code: 'HS_DNS_CLOCK' });
    const [, seconds] = /the server is (\d+) s behind/.exec(line('clock')?.message ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThan(590);
    expect(Number(seconds)).toBeLessThan(620);
    expect(code).toBe(1);
  });

  it('says that the server is gone, with an exit code of its own for the plan', async () => {
    await server.stop();
    ends.push(() => server.start());
    const { code, amiss } = await judged(withKey(key));
    expect(amiss).toContain(`fail server ${server.address} HS_DNS_UNREACHABLE`);
    expect(code).toBe(1);
    const plan = await cli(['binding', 'plan', '--config', withKey(key)]);
    expect(plan).toMatchObject({ code: 69, err: expect.stringContaining('HS_DNS_UNREACHABLE') });
  });
});
