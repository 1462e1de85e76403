// A name that follows the active, with real BIND servers: a primary that takes updates, and a secondary.
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { BindDns } from '@hotstandby/adapters/bind-dns';
import { markerText } from '@hotstandby/core/hostname-plan';
import type { NameChange } from '@hotstandby/ports';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startAnswerCutter } from './answer-cutter.ts';
import { BindServer, freePort, makeKey, name, noBind, zone, type TestKey } from './bind-server.ts';
import { shiftClocks } from './clock-shim.ts';
import { cluster, startHostnameNode } from './hostname-node.ts';

const lacking = noBind();
const ends: (() => Promise<void> | void)[] = [];
let folder = '';
let key: TestKey;
let strongKey: TestKey;
let noTextKey: TestKey;
let primary: BindServer;
let secondary: BindServer;
let primaryPort = 0;
/** Epochs grow through the file, as in a pair. */
let epoch = 100;

describe.skipIf(lacking)(lacking ? `skipped: ${lacking}` : 'a name that follows the active', () => {
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hs-dns-'));
    key = makeKey(folder, 'failover-key');
    strongKey = makeKey(folder, 'strong-key', 'hmac-sha512');
    noTextKey = makeKey(folder, 'no-text-key', 'hmac-sha384');
    primaryPort = await freePort();
    const secondaryPort = await freePort();
    const full = (one: TestKey) =>
      `grant ${one.name} name ${name}. A AAAA; grant ${one.name} name _hotstandby.${name}. TXT;`;
    primary = new BindServer({
      folder: path.join(folder, 'primary'),
      port: primaryPort,
      include: [key, strongKey, noTextKey].map(({ keyFile }) => keyFile),
      zone: `type primary; notify explicit; also-notify { 127.0.0.1 port ${secondaryPort}; }; allow-transfer { 127.0.0.1; };
        update-policy { ${full(key)} ${full(strongKey)} grant ${noTextKey.name} name ${name}. A AAAA; };`,
      records: '',
    });
    secondary = new BindServer({
      folder: path.join(folder, 'secondary'),
      port: secondaryPort,
      include: [key.keyFile],
      zone: `type secondary; primaries { 127.0.0.1 port ${primaryPort}; };`,
      records: null,
    });
    await primary.start();
    await secondary.start();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });
  afterAll(async () => {
    await primary?.stop();
    await secondary?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('moves from node to node and is the same on every server', async () => {
    const a = await node('a', { servers: [primary.address, secondary.address] });
    const b = await node('b', { servers: [primary.address, secondary.address], key: strongKey });
    a.grant(++epoch);
    await expect.poll(a.bound, within).toEqual([name]);
    await expect.poll(() => a.report().detail['agree'], within).toEqual([primary.address, secondary.address]);
    expect(await seen(secondary)).toEqual({
      markers: [markerText({ epoch, node: 'a', cluster })],
      addresses: a.addresses,
    });
    a.grant(null);
    await expect.poll(a.bound, within).toEqual([]);
    // Left as it is until there is a next owner.
    expect((await seen(primary)).addresses).toEqual(a.addresses);
    b.grant(++epoch);
    await expect.poll(() => b.report().detail['agree'], within).toEqual([primary.address, secondary.address]);
    expect(await seen(secondary)).toEqual({
      markers: [markerText({ epoch, node: 'b', cluster })],
      addresses: b.addresses,
    });
    expect(a.events).toEqual(['binding.bound']);
    expect(b.events).toEqual(['binding.bound']);
    expect(b.report()).toMatchObject({ health: 'ok', summary: `${name} leads here` });
  });

  it('is read back soon after the claim (the figure is printed)', async () => {
    const a = await node('a');
    const times: number[] = [];
    for (let round = 0; round < 10; round++) {
      // As a standby is: its rehearsal is over and its nsupdate waits.
      a.grant(null);
      await expect.poll(() => a.rehearsals(), within).toBe(1);
      await expect.poll(waitingNsupdate, within).toBeDefined();
      a.grant(++epoch);
      await expect.poll(() => a.report().detail['epoch'], within).toBe(epoch);
      times.push(a.report().detail['lastBindMs'] as number);
    }
    times.sort((one, other) => one - other);
    const words = times.map((ms) => ms.toFixed(1)).join(' ');
    console.log(`claim to read-back, ms: ${words}; load ${loadavg()[0]?.toFixed(1)}`);
    // Three times the bar of a quiet machine: the suite also runs where ten others do.
    expect(times[5]).toBeLessThan(300);
  });

  it('lets one of two win that saw the same', async () => {
    const [one, other] = [dns(), dns({ key: strongKey })];
    const { markers } = await one.look(primary.address);
    epoch++;
    const change = (who: string): NameChange => ({
      onlyIfMarkers: markers,
      marker: markerText({ epoch, node: who, cluster }),
      addresses: [who === 'a' ? '192.0.2.11' : '192.0.2.12'],
      ttlSeconds: 30,
    });
    const results = await Promise.allSettled([one.update(change('a')), other.update(change('b'))]);
    const lost = results.filter((result) => result.status === 'rejected');
    expect(lost.map(({ reason }) => reason.code)).toEqual(['HS_DNS_CHANGED']);
    const winner = results[0].status === 'fulfilled' ? 'a' : 'b';
    expect(await one.look(primary.address)).toEqual({
      markers: [change(winner).marker],
      addresses: change(winner).addresses.map((address) => ({ address, ttlSeconds: 30 })),
    });
  });

  it('refuses a node whose epoch is over, at the server itself, too', async () => {
    const a = await node('a');
    const b = await node('b');
    const oldEpoch = ++epoch;
    a.grant(oldEpoch);
    await expect.poll(a.bound, within).toEqual([name]);
    const { markers } = await dns().look(primary.address);
    b.grant(++epoch);
    await expect.poll(b.bound, within).toEqual([name]);
    // What a node sends that was frozen between its look and its update.
    const late = { onlyIfMarkers: markers, marker: markers[0] ?? '', addresses: ['192.0.2.11'], ttlSeconds: 30 };
    await expect(dns().update(late)).rejects.toMatchObject({ code: 'HS_DNS_CHANGED' });
    // A node that believes in its old epoch for ever.
    const stale = await node('a');
    stale.grant(oldEpoch);
    await expect.poll(() => stale.report().detail['code'], within).toBe('HS_DNS_STALE');
    expect(stale.bound()).toEqual([]);
    expect(stale.events).toEqual(['binding.failed']);
    expect((await seen(primary)).addresses).toEqual(b.addresses);
  });

  it('is not moved by a program that was frozen with the change in its hands', async () => {
    const old = dns();
    await old.rehearse();
    await expect.poll(waitingNsupdate, within).toBeDefined();
    const pid = waitingNsupdate() ?? 0;
    process.kill(pid, 'SIGSTOP');
    const { markers } = await old.look(primary.address);
    const marker = markerText({ epoch: ++epoch, node: 'a', cluster });
    const late = old.update({ onlyIfMarkers: markers, marker, addresses: ['192.0.2.11'], ttlSeconds: 30 });
    late.catch(() => {});
    const b = await node('b', { key: strongKey });
    b.grant(++epoch);
    await expect.poll(b.bound, within).toEqual([name]);
    process.kill(pid, 'SIGCONT');
    await expect(late).rejects.toMatchObject({ code: 'HS_DNS_CHANGED' });
    expect((await seen(primary)).addresses).toEqual(b.addresses);
  });

  it('tells wrong key, unknown key, missing rights and wrong zone apart', async () => {
    const change = async (): Promise<NameChange> => ({
      onlyIfMarkers: (await dns().look(primary.address)).markers,
      marker: markerText({ epoch, node: 'a', cluster }),
      addresses: ['192.0.2.66'],
      ttlSeconds: 30,
    });
    const before = await seen(primary);
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'no error',
        (error: { code: string }) => error.code,
      );
    /** The same, whether it is only rehearsed or done. */
    const code = async (options: DnsOptions) => {
      const rehearsed = await codeOf(dns(options).rehearse());
      const done = await codeOf(dns(options).update(await change()));
      return rehearsed === done ? done : `rehearsed ${rehearsed}, done ${done}`;
    };
    expect(await codeOf(dns().rehearse())).toBe('no error');
    expect(await codeOf(dns({ zone: 'example.org', name: 'service.example.org' }).look(primary.address))).toBe(
      'HS_DNS_ZONE',
    );
    expect(await code({ key: makeKey(folder, key.name, 'hmac-sha256', 'other-secret.key') })).toBe('HS_DNS_KEY');
    expect(await code({ key: makeKey(folder, 'unknown-key') })).toBe('HS_DNS_KEY');
    expect(await code({ key: noTextKey })).toBe('HS_DNS_REFUSED');
    expect(await code({ zone: 'example.org', name: 'service.example.org' })).toBe('HS_DNS_ZONE');
    expect(await code({ zone: 'example.test', name: 'service.example.org' })).toBe('HS_DNS_ZONE');
    expect(await code({ servers: [secondary.address] })).toMatch(/HS_DNS_(ZONE|REFUSED)/);
    expect(await seen(primary)).toEqual(before);
  });

  it('tells a clock that is ten minutes off', async (test) => {
    const shiftBack = shiftClocks(path.join(folder, 'shim'));
    if (!shiftBack) return test.skip('gcc is not installed: no clock can be shifted for nsupdate');
    ends.push(shiftBack);
    const a = await node('a');
    a.grant(++epoch);
    await expect.poll(() => a.report().detail['code'], within).toBe('HS_DNS_CLOCK');
    expect(a.bound()).toEqual([]);
  });

  it('waits for a server that is down, and for one that hangs', async () => {
    await primary.stop();
    ends.push(async () => {
      await primary.stop();
      await primary.start();
    });
    const a = await node('a');
    a.grant(++epoch);
    await expect.poll(() => a.report().detail['code'], within).toBe('HS_DNS_UNREACHABLE');
    await primary.start();
    await expect.poll(a.bound, within).toEqual([name]);
    expect(a.report().health).toBe('ok');

    primary.signal('SIGSTOP');
    const b = await node('b');
    b.grant(++epoch);
    await expect.poll(() => b.report().detail['code'], within).toBe('HS_DNS_TIMEOUT');
    // Its reign ends while the server hangs: it changes nothing afterwards.
    b.grant(null);
    primary.signal('SIGCONT');
    await expect.poll(() => b.report().health, within).toBe('ok');
    expect((await seen(primary)).addresses).toEqual(a.addresses);
    b.grant(++epoch);
    await expect.poll(b.bound, within).toEqual([name]);
    expect(b.events, b.said.join('\n')).toEqual(['binding.failed', 'binding.bound']);
  });

  it('recognises a change whose answer never came', async () => {
    const port = await freePort();
    const cutter = await startAnswerCutter(port, primaryPort);
    ends.push(() => cutter.stop());
    const a = await node('a', { servers: [`127.0.0.1:${port}`] });
    a.grant(++epoch);
    await expect.poll(a.bound, within).toEqual([name]);
    expect(cutter.cut()).toBeGreaterThan(0);
    expect(a.report().health).toBe('ok');
    expect(a.said.join('\n')).toContain('answered with an error');
  });

  it('says which server does not follow, and goes on', async () => {
    await secondary.stop();
    ends.push(() => secondary.start());
    const a = await node('a', { servers: [primary.address, secondary.address] });
    a.grant(++epoch);
    await expect.poll(a.bound, within).toEqual([name]);
    await expect.poll(() => a.report().detail['code'], within).toBe('HS_DNS_UNREACHABLE');
    expect(a.report()).toMatchObject({ health: 'degraded', detail: { bound: [name], agree: [primary.address] } });
  });

  it('keeps the secret to itself, and refuses a key file that others may read', async () => {
    const a = await node('a');
    a.grant(++epoch);
    await expect.poll(a.bound, within).toEqual([name]);
    await expect.poll(waitingNsupdate, within).toBeDefined();
    expect(JSON.stringify(processes())).not.toContain(key.secret);
    const open = makeKey(folder, 'failover-key', 'hmac-sha256', 'open.key');
    chmodSync(open.keyFile, 0o640);
    const bare = { ...open, keyFile: path.join(folder, 'bare.key') };
    writeFileSync(bare.keyFile, open.secret, { mode: 0o600 });
    const absent = { ...open, keyFile: path.join(folder, 'absent.key') };
    const renamed = { ...key, name: 'another-name' };
    const weaker = { ...strongKey, algorithm: 'hmac-sha256' as const };
    for (const bad of [open, bare, absent, renamed, weaker]) {
      const one = await node('b', { key: bad });
      await expect.poll(() => one.report().detail['code'], within).toBe('HS_DNS_KEY_FILE');
      const told = JSON.stringify([one.report(), one.said]);
      for (const { secret } of [open, key, strongKey]) expect(told).not.toContain(secret);
    }
    expect(JSON.stringify([a.report(), a.said])).not.toContain(key.secret);
  });
});

const within = { timeout: 30_000, interval: 10 };

interface DnsOptions {
  servers?: string[];
  key?: TestKey;
  zone?: string;
  name?: string;
}

function dns(options: DnsOptions = {}): BindDns {
  const tsig = options.key ?? key;
  const names = new BindDns({ name, zone, servers: [primary.address], ...options, tsig });
  ends.push(() => names.close());
  return names;
}

async function node(who: 'a' | 'b', options: DnsOptions = {}) {
  const started = await startHostnameNode(who, name, dns(options));
  ends.push(() => started.stop());
  return started;
}

async function seen(server: BindServer): Promise<{ markers: string[]; addresses: string[] }> {
  const { markers, addresses } = await dns().look(server.address);
  return { markers, addresses: addresses.map(({ address }) => address) };
}

/** The command lines of all processes. */
const processes = (): { pid: number; line: string }[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return { pid: Number(pid), line: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
      } catch {
        return { pid: Number(pid), line: '' };
      }
    });

/** The pid of one with the first key. */
const waitingNsupdate = (): number | undefined =>
  processes().find(({ line }) => line.includes('nsupdate') && line.includes(key.keyFile))?.pid;
