// What a name in a secure zone has to do, whatever the server: BIND with an MIT KDC here, a domain controller in test/ad.
import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BindDns, type BindDnsOptions } from '@hotstandby/adapters/bind-dns';
import { markerText } from '@hotstandby/core/hostname-plan';
import type { NameChange } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { cluster, startHostnameNode } from './hostname-node.ts';

export type Login = NonNullable<BindDnsOptions['kerberos']>;

/** A secure zone in which `own` may make records, and `other` may not change those. */
export interface SecureZone {
  folder: string;
  name: string;
  zone: string;
  server: string;
  own: Login;
  ownPassword: string;
  other: Login;
}

export const within = { timeout: 30_000, interval: 20 };
/** Epochs grow through the file, as in a pair. */
let epoch = 100;

export class Rig {
  readonly #zone: () => SecureZone;
  readonly #ends: (() => Promise<void> | void)[] = [];
  constructor(zone: () => SecureZone) {
    this.#zone = zone;
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).toReversed()) await end();
  }
  later(end: () => Promise<void> | void): void {
    this.#ends.push(end);
  }
  nextEpoch(): number {
    return ++epoch;
  }

  dns(login?: Partial<Login>, options: Partial<BindDnsOptions> = {}): BindDns {
    const { name, zone, server, own } = this.#zone();
    const names = new BindDns({ name, zone, servers: [server], kerberos: { ...own, ...login }, ...options });
    this.later(() => names.close());
    return names;
  }

  async node(who: 'a' | 'b', login?: Partial<Login>) {
    const node = await startHostnameNode(who, this.#zone().name, this.dns(login));
    this.later(() => node.stop());
    return node;
  }

  async seen(): Promise<{ markers: string[]; addresses: string[] }> {
    const { markers, addresses } = await this.dns().look(this.#zone().server);
    return { markers, addresses: addresses.map(({ address }) => address) };
  }
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: { code: string }) => error.code,
  );

/** What every node's account must be able to do, and what it must be told. */
export function accountCases(rig: Rig, zone: () => SecureZone): void {
  it('moves from node to node', async () => {
    const { name } = zone();
    const a = await rig.node('a');
    const b = await rig.node('b');
    await expect.poll(b.rehearsals, within).toBe(1);
    expect(b.report(), b.said.join('\n')).toMatchObject({ health: 'ok' });
    for (const one of [a, b]) {
      const granted = rig.nextEpoch();
      one.grant(granted);
      await expect.poll(one.bound, within).toEqual([name]);
      expect(one.report()).toMatchObject({ health: 'ok', detail: { epoch: granted } });
      expect(new Set((await rig.seen()).addresses)).toEqual(new Set(one.addresses));
      one.grant(null);
      await expect.poll(one.bound, within).toEqual([]);
      console.log(`claim to read-back: ${String(one.report().detail['lastBindMs'])} ms`);
    }
    // A busy server may be late once; the name is taken once all the same.
    for (const { events } of [a, b]) expect(events.filter((type) => type === 'binding.bound')).toHaveLength(1);
  });

  it('lets one of two win that saw the same', async () => {
    const [one, other] = [rig.dns(), rig.dns()];
    const { server } = zone();
    for (let round = 0; round < 5; round++) {
      const { markers } = await one.look(server);
      const granted = rig.nextEpoch();
      const change = (who: string): NameChange => ({
        onlyIfMarkers: markers,
        marker: markerText({ epoch: granted, node: who, cluster }),
        addresses: [who === 'a' ? '192.0.2.11' : '192.0.2.12'],
        ttlSeconds: 30,
      });
      const codes = await Promise.all([codeOf(one.update(change('a'))), codeOf(other.update(change('b')))]);
      expect(codes.filter((code) => code === 'HS_DNS_CHANGED')).toHaveLength(1);
      const winner = codes[0] === 'HS_DNS_CHANGED' ? 'b' : 'a';
      expect(await rig.seen()).toEqual({ markers: [change(winner).marker], addresses: change(winner).addresses });
    }
  });

  it('refuses a node whose epoch is over', async () => {
    const { name, server } = zone();
    const a = await rig.node('a');
    const b = await rig.node('b');
    const oldEpoch = rig.nextEpoch();
    a.grant(oldEpoch);
    await expect.poll(a.bound, within).toEqual([name]);
    const { markers } = await rig.dns().look(server);
    b.grant(rig.nextEpoch());
    await expect.poll(b.bound, within).toEqual([name]);
    // What a node sends that was frozen between its look and its update.
    const late = { onlyIfMarkers: markers, marker: markers[0] ?? '', addresses: ['192.0.2.11'], ttlSeconds: 30 };
    expect(await codeOf(rig.dns().update(late))).toBe('HS_DNS_CHANGED');
    const stale = await rig.node('a');
    stale.grant(oldEpoch);
    await expect.poll(stale.code, within).toBe('HS_DNS_STALE');
    expect((await rig.seen()).addresses).toEqual(b.addresses);
  });

  it('says that the records belong to another account', async () => {
    const before = await rig.seen();
    expect(before.addresses.length).toBeGreaterThan(0);
    const stranger = await rig.node('a', zone().other);
    stranger.grant(rig.nextEpoch());
    await expect.poll(stranger.code, within).toBe('HS_DNS_OWNER');
    expect(stranger.report().summary).toContain('same account on both nodes');
    expect(await rig.seen()).toEqual(before);
  });

  it('tells wrong password, unknown account, no KDC, wrong zone and bad files apart', async () => {
    const { own, folder, zone: domain } = zone();
    const file = (name: string, text: string, mode = 0o600): string => {
      const at = path.join(folder, name);
      writeFileSync(at, text);
      chmodSync(at, mode);
      return at;
    };
    const wrong = file('wrong-password', 'not-the-password');
    const [user = '', realm = ''] = own.principal.split('@');
    const code = async (login: Partial<Login>, options: Partial<BindDnsOptions> = {}) => {
      const names = rig.dns(login, options);
      const lacking = await names.unable();
      return lacking?.code ?? codeOf(names.rehearse());
    };
    expect(await code({})).toBe('no error');
    expect(await code({ passwordFile: wrong, keytabFile: undefined })).toBe('HS_DNS_LOGIN');
    expect(await code({ principal: `${user}-unknown@${realm}` })).toBe('HS_DNS_LOGIN');
    expect(await code({ kdcs: ['127.0.0.1:9'] })).toBe('HS_DNS_KDC');
    expect(await code({}, { zone: 'example.org', name: 'service.example.org' })).toBe('HS_DNS_ZONE');
    for (const passwordFile of [
      path.join(folder, 'absent'),
      file('open-password', zone().ownPassword, 0o640),
      file('empty', '\n'),
      file('two-lines', 'one\ntwo\n'),
    ])
      expect(await code({ passwordFile, keytabFile: undefined }), passwordFile).toBe('HS_DNS_PASSWORD_FILE');
    for (const keytabFile of [path.join(folder, 'absent'), file('no-keytab', 'words')])
      expect(await code({ passwordFile: undefined, keytabFile }), keytabFile).toBe('HS_DNS_PASSWORD_FILE');
    expect(domain).not.toBe('example.org');
  });

  it('keeps password and tickets to itself', async () => {
    const { name, ownPassword } = zone();
    const a = await rig.node('a');
    a.grant(rig.nextEpoch());
    await expect.poll(a.bound, within).toEqual([name]);
    await expect.poll(waitingNsupdates, within).not.toEqual([]);
    const caches = waitingNsupdates().map((line) => /KRB5CCNAME=FILE:([^\0]+)/.exec(line)?.[1] ?? '');
    expect(caches).not.toContain('');
    for (const cache of caches) {
      expect(statSync(cache).mode & 0o777).toBe(0o600);
      expect(statSync(path.dirname(cache)).mode & 0o777).toBe(0o700);
    }
    expect(processes()).not.toContain(ownPassword);
    expect(JSON.stringify([a.report(), a.said, a.events])).not.toContain(ownPassword);
    await rig.end();
    for (const cache of caches) expect(existsSync(path.dirname(cache))).toBe(false);
  });
}

/** Command lines and environments of this test's own children that wait with tickets. */
function waitingNsupdates(): string[] {
  return processFiles().filter((text) => text.includes('nsupdate') && text.includes('KRB5CCNAME'));
}

const processes = (): string => processFiles().join('\n');

/** Of every process of this host: its command line and environment. */
function processFiles(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      const read = (file: string): string => {
        try {
          return readFileSync(`/proc/${pid}/${file}`, 'utf8');
        } catch {
          return '';
        }
      };
      return `${read('cmdline')}\n${read('environ')}`;
    });
}
