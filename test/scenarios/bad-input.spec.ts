import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceName } from '@hotstandby/contracts';
import { eventually } from '../parts/eventually.ts';
import { startLeaseRig, type LeaseNode, type LeaseRig } from './lease-rig.ts';

const services: ServiceName[] = ['heartbeat', 'arbiter', 'collector', 'notifier', 'console'];

let rig: LeaseRig;
let node: LeaseNode;

beforeAll(async () => {
  rig = await startLeaseRig('fast', services);
  node = rig.a;
}, 90_000);

afterAll(async () => rig?.remove(), 30_000);

const becomesActive = () =>
  eventually(
    async () => {
      const said = await node.describe();
      if (said?.role !== 'active') throw new Error(`${said?.role}: ${said?.reason}\n${node.output()}`);
      return said;
    },
    20_000,
    'an active node',
  );

/** heartbeat and arbiter run on, and the node is never active, for as long as many take-over waits. */
async function staysUpAndPassive(): Promise<void> {
  const until = performance.now() + 2000;
  while (performance.now() < until) {
    expect((await node.describe())?.role, node.output()).not.toBe('active');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const service of ['heartbeat', 'arbiter'] as const)
    expect(await stateOf(service), node.output()).toBe('running');
}

/** Its exit code, or that it has none yet. */
const stateOf = (service: ServiceName) => Promise.race([node.process(service).ended, Promise.resolve('running')]);

/** How often the code is in what the services logged. */
const told = (code: string) => node.output().split(code).length - 1;

describe('a wrong configuration', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'a beat that is longer than the lease',
      { timing: { beatMs: 5000 } },
      /HS_CONFIG_TIMING timing: expected .*beatMs.*; got .*; cure: /,
    ],
    ['a field that nobody knows', { colour: 'red' }, /HS_CONFIG_INVALID colour: expected .*; got .*; cure: /],
    [
      'a store of another kind',
      { store: { url: 'mysql://x/y' } },
      /HS_CONFIG_INVALID store\.url: expected postgresql.*; got .*; cure: /,
    ],
    ['a missing peer', { peer: undefined }, /HS_CONFIG_INVALID peer: expected /],
    ['a port that is none', { collector: { syslogPorts: [70_000] } }, /HS_CONFIG_INVALID collector\.syslogPorts\.0: /],
    ['an address that is none', { peer: { name: 'b', address: 'over there' } }, /HS_CONFIG_INVALID peer\.address: /],
  ])('%s: the service names the field, says the cure and ends with 78', async (_, change, expected) => {
    await node.configure(change);
    node.start('arbiter');
    expect(await node.process('arbiter').ended).toBe(78);
    expect(node.process('arbiter').output()).toMatch(expected);
    await node.kill();
  });

  it('is told by every service in the same way', async () => {
    await node.configure({ profile: 'quick' });
    node.start(...services);
    for (const service of services) {
      expect(await node.process(service).ended, service).toBe(78);
      expect(node.process(service).output()).toMatch(/HS_CONFIG_INVALID profile: expected .*; got "quick"; cure: /);
    }
    await node.kill();
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['no YAML', 'cluster: [a\n  - : :\n\t}'],
    ['a list', '- a\n- b\n'],
    ['bytes', '\u0000\u0001\ufffd'],
    ['a bomb of aliases', `a: &a [x,x,x,x,x,x,x,x,x]\n${bomb()}`],
  ])('%s in the file: code and cure, and ends with 78', async (_, text) => {
    await writeFile(node.configFile, text);
    node.start('arbiter');
    expect(await node.process('arbiter').ended).toBe(78);
    expect(node.process('arbiter').output()).toMatch(/HS_CONFIG_(INVALID|MISSING) .*expected .*cure: /);
    await node.kill();
  });

  it('a data folder that cannot be one: code and cure', async () => {
    const file = join(dirname(node.configFile), 'a-file');
    await writeFile(file, '');
    const { node: own } = JSON.parse(await configText()) as { node: Record<string, unknown> };
    await node.configure({ node: { ...own, dataDir: join(file, 'data') } });
    node.start('arbiter');
    expect(await node.process('arbiter').ended).toBe(78);
    expect(node.process('arbiter').output()).toMatch(/HS_DATA_UNUSABLE .*cure: /);
    await node.kill();
  });

  async function configText(): Promise<string> {
    await node.configure();
    return readFile(node.configFile, 'utf8');
  }
});

describe('a store that is not for this node', () => {
  let changes = 0;
  const freshStore = async () => {
    const name = `bad_${++changes}`;
    const url = await rig.postgres.createDatabase(name);
    await node.configure({ store: { url } }, `data-${name}`);
    return url;
  };

  /** Becomes active there once, so that the schema exists, and stops in an orderly way. */
  async function usedStore(): Promise<string> {
    const url = await freshStore();
    node.start();
    await becomesActive();
    expect(await node.stop()).toEqual([0, 0]);
    return url;
  }

  it("another cluster's: says so once, stays up and never acts; goes on when it is the right one again", async () => {
    const url = await usedStore();
    await sql(url, `update hotstandby.identity set cluster = 'elsewhere'`);
    node.start();
    await eventually(() => told('HS_STORE_FOREIGN') > 0, 10_000, 'HS_STORE_FOREIGN in the log');
    await staysUpAndPassive();
    expect((await node.describe())?.reason).toMatch(/elsewhere/);
    expect(told('HS_STORE_FOREIGN')).toBeLessThan(8);
    await node.kill();
    await sql(url, `update hotstandby.identity set cluster = 'test'`);
    node.start();
    await becomesActive();
    await node.kill();
  });

  it('a newer schema: says so once, stays up and never acts', async () => {
    const url = await usedStore();
    await sql(url, `insert into hotstandby.schema_version (version, name, needs) values (99, 'of tomorrow', 99)`);
    node.start();
    await eventually(() => told('HS_STORE_NEWER') > 0, 10_000, 'HS_STORE_NEWER in the log');
    await staysUpAndPassive();
    expect(told('HS_STORE_NEWER')).toBeLessThan(8);
    await node.kill();
  });

  it('a database that does not exist: says so, stays up, and is active when somebody makes it', async () => {
    const url = new URL(rig.postgres.url);
    url.pathname = '/made_later';
    await node.configure({ store: { url: url.href } }, 'data-made-later');
    node.start();
    await eventually(() => told('HS_STORE_REFUSED') > 0, 10_000, 'HS_STORE_REFUSED in the log');
    await staysUpAndPassive();
    expect(told('HS_STORE_REFUSED')).toBeLessThan(8);
    await rig.postgres.createDatabase('made_later');
    await becomesActive();
    await node.kill();
  });

  it('a store that went back to before what this node has seen: says so, and claims above what it remembers', async () => {
    const url = await usedStore();
    await sql(
      url,
      `update hotstandby.reign set epoch = 0, tenure_epoch = 0, holder = null, holder_incarnation = null, last_holder = null`,
    );
    node.start();
    expect((await becomesActive()).epoch).toBeGreaterThan(1000);
    expect(node.output()).toContain('claim-rebase');
    await node.kill();
  });
});

describe('parts that are away', () => {
  it('NATS absent at the start: everybody waits, and the node is active when it comes', async () => {
    await node.configure({ store: { url: await rig.postgres.createDatabase('nats_late') } }, 'data-nats-late');
    await node.nats.stop();
    node.start(...services.filter((service) => service !== 'notifier'));
    const until = performance.now() + 3000;
    while (performance.now() < until) {
      for (const service of ['heartbeat', 'arbiter', 'collector', 'console'] as const) {
        expect(await stateOf(service), node.output()).toBe('running');
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // A busy machine takes its time to start them.
    await eventually(() => told('HS_NATS_UNREACHABLE') > 0, 20_000, 'HS_NATS_UNREACHABLE in the log');
    expect(told('HS_NATS_UNREACHABLE')).toBeLessThan(16);
    await node.nats.start();
    await becomesActive();
    await node.kill();
  });
});

async function sql(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Nine levels of nine aliases each: a file of some hundred bytes that is a billion values. */
function bomb(): string {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
  return names
    .slice(1)
    .map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${names[index]}`).join(',')}]`)
    .join('\n');
}
