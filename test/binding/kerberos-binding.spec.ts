// A name that follows the active in a zone that takes updates signed by Kerberos accounts (GSS-TSIG): a real BIND and a real KDC.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accountCases, Rig, within, type SecureZone } from './account-cases.ts';
import { BindServer, freePort, name, noBind, zone } from './bind-server.ts';
import { shiftClocks } from './clock-shim.ts';
import { Kdc, noKdc } from './kdc.ts';

const lacking = noBind() ?? noKdc();
const realm = 'EXAMPLE.TEST';
let folder = '';
let kdc: Kdc;
let bind: BindServer;
let secure: SecureZone;
const rig = new Rig(() => secure);

describe.skipIf(lacking)(lacking ? `skipped: ${lacking}` : 'a name that follows the active by Kerberos', () => {
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hs-krb-'));
    kdc = new Kdc({ folder: path.join(folder, 'kdc'), realm, port: await freePort() });
    const login = (account: string, password: string, options = '') => {
      kdc.addAccount(account, password, options);
      const passwordFile = path.join(folder, `${account}.password`);
      writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
      return { principal: `${account}@${realm}`, passwordFile, kdcs: [kdc.address] };
    };
    const ownPassword = 'Pass-w0rd.of-the-pair';
    const own = login('svc-failover', ownPassword);
    const other = login('svc-other', 'Pass-w0rd.of-another');
    login('svc-short', ownPassword, '-maxlife 8seconds');
    const keytab = kdc.keytab(`DNS/ns.${zone}`);
    const full = (one: string) =>
      `grant ${one}@${realm} name ${name}. A AAAA; grant ${one}@${realm} name _hotstandby.${name}. TXT;`;
    bind = new BindServer({
      folder: path.join(folder, 'bind'),
      port: await freePort(),
      settings: `tkey-gssapi-keytab "${keytab}";`,
      environment: kdc.environment,
      zone: `type primary; update-policy { ${['svc-failover', 'svc-short', 'svc-keytab'].map(full).join(' ')} };`,
      records: '',
    });
    secure = { folder, name, zone, server: bind.address, own, ownPassword, other };
    await kdc.start();
    await bind.start();
  });
  afterEach(() => rig.end());
  afterAll(async () => {
    await bind?.stop();
    await kdc?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  accountCases(rig, () => secure);

  it('logs in by a keytab', async () => {
    const keytabFile = kdc.keytab('svc-keytab');
    const a = await rig.node('a', { principal: `svc-keytab@${realm}`, keytabFile, passwordFile: undefined });
    a.grant(rig.nextEpoch());
    await expect.poll(a.bound, within).toEqual([name]);
    const foreign = await rig.node('b', { keytabFile, passwordFile: undefined });
    await expect.poll(foreign.code, within).toBe('HS_DNS_LOGIN');
  });

  it('takes over while no KDC answers, with the tickets that it has', async () => {
    const b = await rig.node('b');
    await expect.poll(b.rehearsals, within).toBe(1);
    await kdc.stop();
    rig.later(() => kdc.start());
    b.grant(rig.nextEpoch());
    await expect.poll(b.bound, within).toEqual([name]);
    const without = await rig.node('a');
    await expect.poll(without.code, within).toBe('HS_DNS_KDC');
  });

  it('gives up a KDC that hangs', async () => {
    kdc.signal('SIGSTOP');
    rig.later(() => kdc.signal('SIGCONT'));
    const a = await rig.node('a');
    await expect.poll(a.code, within).toBe('HS_DNS_KDC');
    kdc.signal('SIGCONT');
    a.grant(rig.nextEpoch());
    await expect.poll(a.bound, within).toEqual([name]);
    expect(a.events[0]).toBe('binding.failed');
    expect(a.events.at(-1)).toBe('binding.bound');
  });

  it('renews its tickets before they end', async () => {
    const passwordFile = secure.own.passwordFile;
    const names = rig.dns({ principal: `svc-short@${realm}`, passwordFile });
    await names.rehearse();
    const [cache = ''] = ticketsOf('svc-short');
    const first = statSync(cache).ino;
    const endMs = performance.now() + 8000;
    await expect.poll(() => statSync(cache).ino, within).not.toBe(first);
    expect(performance.now()).toBeLessThan(endMs);
    await names.rehearse();
  });

  it('says that a server negotiates no keys by Kerberos', async () => {
    const plain = new BindServer({
      folder: path.join(folder, 'plain'),
      port: await freePort(),
      zone: 'type primary; update-policy { grant nobody name x. A; };',
      records: '',
    });
    rig.later(() => plain.stop());
    await plain.start();
    await expect(rig.dns({}, { servers: [plain.address] }).rehearse()).rejects.toMatchObject({ code: 'HS_DNS_TICKET' });
  });

  it('gets new tickets when the server has a new key', async () => {
    const a = await rig.node('a');
    await expect.poll(a.rehearsals, within).toBe(1);
    // The account's password changes, too: what is there must not be used up.
    await bind.stop();
    kdc.keytab(`DNS/ns.${zone}`);
    await bind.start();
    a.grant(rig.nextEpoch());
    await expect.poll(a.bound, within).toEqual([name]);
  });

  it('tells a clock that is ten minutes off', async (test) => {
    const shiftBack = shiftClocks(path.join(folder, 'shim'), ['nsupdate', 'kinit', 'klist']);
    if (!shiftBack) return test.skip('gcc is not installed: no clock can be shifted for nsupdate');
    rig.later(shiftBack);
    const a = await rig.node('a');
    a.grant(rig.nextEpoch());
    await expect.poll(a.code, within).toBe('HS_DNS_CLOCK');
    expect(a.bound()).toEqual([]);
  });
});

/** Ticket caches of processes that hold tickets of the account. */
function ticketsOf(account: string): string[] {
  const list = spawnSync('bash', ['-c', 'ls -d "$0"/hotstandby-dns-*/tickets', tmpdir()], { encoding: 'utf8' });
  return list.stdout
    .split('\n')
    .filter((file) => file !== '')
    .filter((file) => spawnSync('klist', ['-c', `FILE:${file}`], { encoding: 'utf8' }).stdout.includes(account));
}
