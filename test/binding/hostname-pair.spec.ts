// A virtual hostname in a whole pair, with a real BIND: crashes, faults of the DNS, and changes while it runs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import type { ErrorCode } from '@hotstandby/contracts';
import { parseMarker } from '@hotstandby/core/hostname-plan';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dnsKeyFile, nodeNames, peerOf, type NodeName } from '../../tools/pair/src/layout.ts';
import { eventually } from '../parts/eventually.ts';
import { signal } from '../scenarios/processes.ts';
import { makeKey, noBind } from './bind-server.ts';
import { compileClockShim } from './clock-shim.ts';
import { DnsFront } from './dns-front.ts';
import { HostnamePair } from './hostname-pair.ts';
import { NameOwners } from './name-owners.ts';

const lacking = noBind();
const waitMs = 30_000;
const folder = mkdtempSync(path.join(tmpdir(), 'hs-name-'));
/** While this file is there, the clock of every nsupdate is ten minutes ahead. */
const shifted = path.join(folder, 'shifted');
const pathBefore = process.env['HOTSTANDBY_PATH'];
const ends: (() => Promise<void> | void)[] = [];
let pair: HostnamePair;
let owners: NameOwners;
let front: DnsFront;
/** Each change of the configuration has a TTL of its own: a look at the servers at once. */
let ttlSeconds = 1;

const direct = () => ({ servers: [`127.0.0.1:${pair.dnsPort}`] });
const own = (node: NodeName) => pair.layout.addresses[node];
const change = (more: Record<string, unknown> = {}) => pair.configure({ ttlSeconds: ++ttlSeconds, ...more });

async function shown(name = pair.name): Promise<{ addresses: string[]; marker: ReturnType<typeof parseMarker> }> {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([`127.0.0.1:${pair.dnsPort}`]);
  const addresses = await resolver.resolve4(name).catch(() => []);
  const [text] = await resolver.resolveTxt(`_hotstandby.${name}`).catch(() => []);
  return { addresses, marker: parseMarker((text ?? []).join('')) };
}

const leadsTo = (address: string, name?: string) =>
  eventually(
    async () => (await shown(name)).addresses.join() === address,
    waitMs,
    `${name ?? pair.name} leads to ${address}`,
  );

/** Makes the fault, sees its event and that the service is degraded and the role stays; mends it, and sees that it is well. */
async function fault(code: ErrorCode, make: () => void, mend: () => void): Promise<void> {
  const active = await pair.settled();
  const epoch = pair.epoch(active);
  const before = pair.events.length;
  make();
  let changeAtMs = 0;
  try {
    await eventually(
      () => {
        if (performance.now() > changeAtMs) {
          change();
          changeAtMs = performance.now() + 500;
        }
        return pair.events.slice(before).some((event) => event.node === active && event.code === code);
      },
      waitMs,
      `${code} of ${active}; there was ${JSON.stringify(pair.events.slice(before))}`,
    );
    await eventually(() => pair.health(active)?.health === 'degraded', waitMs, 'degraded');
  } finally {
    mend();
  }
  change();
  await eventually(() => pair.health(active)?.health === 'ok', waitMs, 'well again');
  await leadsTo(own(active));
  expect(await pair.settled()).toBe(active);
  expect(pair.epoch(active)).toBe(epoch);
  expect(owners.violations).toEqual([]);
}

describe.skipIf(lacking)(lacking ? `skipped: ${lacking}` : 'a virtual hostname in a whole pair', () => {
  beforeAll(async () => {
    const found = [process.env['HOTSTANDBY_PATH'] ?? '', process.env['PATH'] ?? '', '/usr/sbin']
      .filter(Boolean)
      .join(':');
    const shim = compileClockShim(path.join(folder, 'shim'), shifted);
    process.env['HOTSTANDBY_PATH'] = shim ? `${shim}:${found}` : found;
    pair = await HostnamePair.start('standard');
    owners = new NameOwners(`127.0.0.1:${pair.dnsPort}`, pair.name, (address) =>
      address.endsWith('1') ? 'a' : address.endsWith('2') ? 'b' : address,
    );
    front = new DnsFront(pair.dnsPort);
    await front.start();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });
  afterAll(async () => {
    owners?.stop();
    await front?.stop();
    await pair?.stop();
    if (pathBefore === undefined) delete process.env['HOTSTANDBY_PATH'];
    else process.env['HOTSTANDBY_PATH'] = pathBefore;
    rmSync(folder, { recursive: true, force: true });
  });

  it('leads to the active, and moves when every process of the active is killed', async () => {
    const active = await pair.settled();
    await leadsTo(own(active));
    const atMs = performance.now();
    await pair.pair.kill(active);
    await leadsTo(own(peerOf(active)));
    const movedMs = performance.now() - atMs;
    const { marker } = await shown();
    expect(marker).toMatchObject({ node: peerOf(active) });
    console.log(
      `kill -9 to the name read back, profile standard: ${movedMs.toFixed(0)} ms; load ${loadavg()[0]?.toFixed(1)}`,
    );
    expect(pair.pair.restart()).toEqual([active]);
    expect(await pair.settled()).toBe(peerOf(active));
    expect((await shown()).addresses).toEqual([own(peerOf(active))]);
    expect(owners.violations).toEqual([]);
  });

  it('is left to nobody by a take-over while the DNS hangs, and moves when it answers', async () => {
    const active = await pair.settled();
    const named = pair.named();
    signal(named, 'SIGSTOP');
    ends.push(() => signal(named, 'SIGCONT'));
    const before = pair.events.length;
    await pair.pair.kill(active);
    const heir = peerOf(active);
    const isTold = () => pair.events.slice(before).some((one) => one.node === heir && one.code === 'HS_DNS_TIMEOUT');
    await eventually(isTold, waitMs, 'HS_DNS_TIMEOUT of the new active');
    expect(await pair.active()).toBe(heir);
    const atMs = performance.now();
    signal(named, 'SIGCONT');
    await leadsTo(own(heir));
    console.log(`from the answer of the DNS to the name read back: ${(performance.now() - atMs).toFixed(0)} ms`);
    pair.pair.restart();
    expect(await pair.settled()).toBe(heir);
    expect(owners.violations).toEqual([]);
  });

  it('takes other addresses, servers and another name while it runs, without an owner too many', async () => {
    const active = await pair.settled();
    const other = `${own(active).split('.').slice(0, 3).join('.')}.${active === 'a' ? 21 : 22}`;
    pair.configure({ addresses: [other] }, [active]);
    await leadsTo(other);
    pair.configure({ addresses: [own(active)], servers: [front.address] }, [active]);
    await leadsTo(own(active));
    pair.configure(direct());
    expect(owners.violations).toEqual([]);
    const before = owners.looks;
    await eventually(() => owners.looks > before + 10, waitMs, 'more looks');
    owners.stop();

    const moved = 'moved.demo.test';
    const rule = (name: string) => [`failover-key name ${name}. A AAAA`, `failover-key name _hotstandby.${name}. TXT`];
    pair.grants([...rule(pair.name), ...rule(moved)]);
    pair.configure({ name: moved });
    await leadsTo(own(active), moved);
    await leadsTo('', pair.name);
    // The marker stays, against those who wake late.
    expect((await shown()).marker).toMatchObject({ node: active });
    pair.configure({ name: pair.name });
    await leadsTo(own(active));
    await leadsTo('', moved);
    owners = new NameOwners(`127.0.0.1:${pair.dnsPort}`, pair.name, (address) => (address.endsWith('1') ? 'a' : 'b'));
    expect(await pair.settled()).toBe(active);
  });

  it('clears a name that was changed while both nodes were down', async () => {
    const moved = 'moved.demo.test';
    await pair.settled();
    owners.stop();
    for (const node of nodeNames) await pair.pair.kill(node);
    pair.configure({ name: moved });
    pair.pair.restart();
    await leadsTo(own(await pair.settled()), moved);
    await leadsTo('', pair.name);
    pair.configure({ name: pair.name });
    await leadsTo(own(await pair.settled()));
    await leadsTo('', moved);
    owners = new NameOwners(`127.0.0.1:${pair.dnsPort}`, pair.name, (address) => (address.endsWith('1') ? 'a' : 'b'));
  });

  it('clears the name when the mode has become another one, whichever node is started anew first', async () => {
    const active = await pair.settled();
    owners.stop();
    const before = pair.binding(active);
    // The active of the old mode goes on while its standby, which takes over, has the new one already.
    pair.binding(peerOf(active), { mode: 'none' });
    await pair.pair.kill(peerOf(active));
    pair.pair.restart();
    await pair.settled();
    await leadsTo(own(active));
    const { epoch = 0 } = (await shown()).marker ?? {};
    pair.binding(active, { mode: 'none' });
    await pair.pair.kill(active);
    expect(await eventually(() => pair.active(), waitMs, 'an active')).toBe(peerOf(active));
    await leadsTo('');
    const left = (await shown()).marker;
    expect(left).toMatchObject({ node: peerOf(active) });
    expect(left?.epoch).toBeGreaterThan(epoch);
    pair.pair.restart();
    await pair.settled();
    for (const node of nodeNames)
      await eventually(() => pair.remembered(node).length === 0, waitMs, `nothing is left to clear for ${node}`);

    // With the old mode the name comes back.
    for (const node of nodeNames) {
      await pair.pair.kill(node);
      pair.binding(node, { ...before, addresses: undefined });
    }
    pair.pair.restart();
    await leadsTo(own(await pair.settled()));
    owners = new NameOwners(`127.0.0.1:${pair.dnsPort}`, pair.name, (address) => (address.endsWith('1') ? 'a' : 'b'));
  });

  it('says that the DNS server is not there, and that it does not answer', async () => {
    change({ servers: [front.address] });
    await fault(
      'HS_DNS_TIMEOUT',
      () => (front.mood = { kind: 'silent' }),
      () => (front.mood = { kind: 'honest' }),
    );
    await fault(
      'HS_DNS_UNREACHABLE',
      () => change({ servers: ['127.0.0.1:9'] }),
      () => change({ servers: [front.address] }),
    );
  });

  it('works with a slow server', async () => {
    const active = await pair.settled();
    front.mood = { kind: 'slow', ms: 300 };
    ends.push(() => void (front.mood = { kind: 'honest' }));
    const before = pair.events.length;
    change();
    const bound = () => pair.events.slice(before).some((one) => one.node === active && one.type === 'binding.bound');
    await eventually(bound, waitMs, 'bound by a slow server');
    expect(pair.health(active)?.health).toBe('ok');
  });

  it('believes no server that shows something else than it was told, and fights nobody', async () => {
    const mend = () => void (front.mood = { kind: 'honest' });
    await fault('HS_DNS_BEHIND', () => (front.mood = { kind: 'lying', addresses: ['192.0.2.66'] }), mend);
    const foreign = 'epoch=1 node=x cluster=another';
    await fault('HS_DNS_FOREIGN', () => (front.mood = { kind: 'lying', marker: foreign }), mend);
    const newer = 'epoch=999999 node=b cluster=demo';
    await fault('HS_DNS_STALE', () => (front.mood = { kind: 'lying', marker: newer }), mend);
    const older = 'epoch=0 node=b cluster=demo';
    await fault('HS_DNS_CHANGED', () => (front.mood = { kind: 'lying', marker: older }), mend);
    change(direct());
  });

  it('says that the key is wrong', async () => {
    const files = nodeNames.map((node) => ({ file: dnsKeyFile(pair.layout, node), text: '' }));
    for (const one of files) one.text = readFileSync(one.file, 'utf8');
    const wrong = readFileSync(makeKey(folder, 'failover-key').keyFile, 'utf8');
    const write = (text: (one: (typeof files)[number]) => string) => {
      for (const one of files) writeFileSync(one.file, text(one));
    };
    await fault(
      'HS_DNS_KEY',
      () => write(() => wrong),
      () => write(({ text }) => text),
    );
  });

  it('says that the zone gives no right to the TXT record', async () => {
    const rule = [`failover-key name ${pair.name}. A AAAA`];
    await fault(
      'HS_DNS_REFUSED',
      () => pair.grants(rule),
      () => pair.grants([...rule, `failover-key name _hotstandby.${pair.name}. TXT`]),
    );
  });

  it('says that the clock is ten minutes off', async (test) => {
    if (spawnSync('gcc', ['--version'], { stdio: 'ignore' }).error)
      test.skip('gcc is not installed: no clock can be shifted');
    await fault(
      'HS_DNS_CLOCK',
      () => writeFileSync(shifted, ''),
      () => rmSync(shifted),
    );
  });
});
