import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeTrap, plainNotification, type SnmpSecurity } from '@hotstandby/decoders';
import type { Logger } from '@hotstandby/ports';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { keyOf, localised } from './digests.ts';
import { openUsm } from './index.ts';

type UserConfig = Parameters<typeof openUsm>[0][number];

const folderOfDatagrams = new URL('../../../../test/fixtures/datagrams/', import.meta.url);
const read = (name: string) =>
  new Map(
    readFileSync(new URL(name, folderOfDatagrams), 'utf8')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
      .map((line) => [line.split(' ')[0] ?? '', Uint8Array.from(Buffer.from(line.split(' ')[1] ?? '', 'hex'))]),
  );
const captured = read('traps-v3.txt');
const sent = (name: string) => captured.get(name) ?? new Uint8Array();
const context = { sourceAddress: '192.0.2.1', receivedAtMs: 1_795_263_683_000 };

const folder = mkdtempSync(path.join(tmpdir(), 'usm-'));
afterAll(() => rmSync(folder, { recursive: true }));
const keyFile = (password: string) => {
  const at = path.join(folder, password);
  writeFileSync(at, `${password}\n`, { mode: 0o600 });
  return at;
};
function user(
  name: string,
  auth: UserConfig['authProtocol'] = 'none',
  priv: UserConfig['privProtocol'] = 'none',
  passwords = { auth: `authpass-${auth}`, priv: `privpass-${priv}` },
): UserConfig {
  return {
    name,
    authProtocol: auth,
    privProtocol: priv,
    ...(auth === 'none' ? {} : { authKeyFile: keyFile(passwords.auth) }),
    ...(priv === 'none' ? {} : { privKeyFile: keyFile(passwords.priv) }),
  };
}
const logged: unknown[] = [];
const log = { error: (...said: unknown[]) => logged.push(said) } as Partial<Logger> as Logger;

const users = [
  user('u-none'),
  ...(['MD5', 'SHA', 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512'] as const).map((auth) => user(`u-${auth}`, auth)),
  ...(['DES', 'AES', 'AES-192', 'AES-256', 'AES-192-C', 'AES-256-C'] as const).map((priv) => user(`u-${priv}`, 'SHA', priv)), // prettier-ignore
  user('u-md5-AES-256', 'MD5', 'AES-256'),
  user('u-md5-AES-256-C', 'MD5', 'AES-256-C'),
  user('u-512-AES-256', 'SHA-512', 'AES-256', { auth: 'authpass-512', priv: 'privpass-AES-256' }),
];
let security: SnmpSecurity;
beforeAll(async () => {
  security = await openUsm(users, log);
});
const decode = (bytes: Uint8Array, by: SnmpSecurity | null = security) => decodeTrap(bytes, context, by);
const faultWith = async (name: string, ...configured: UserConfig[]) =>
  decode(sent(name), await openUsm(configured, log)).malformed;

describe('keys (RFC 3414 appendix A.3)', () => {
  const engine = Buffer.from('000000000000000000000002', 'hex');
  test.each([
    ['MD5', '526f5eed9fcce26f8964c2930787d82b'],
    ['SHA', '6695febc9288e36282235fc7151f128497b38f3f'],
  ] as const)('%s', (protocol, key) => {
    const made = localised(protocol, keyOf(protocol, Buffer.from('maplesyrup')), engine);
    expect(made.toString('hex')).toBe(key);
  });
});

describe('what net-snmp sends', () => {
  test.each([...captured.keys()])('%s', (name) => {
    const record = decode(sent(name));
    expect(record).toEqual({
      ...context,
      version: '3',
      community: name,
      trapOid: '1.3.6.1.6.3.1.1.5.3',
      enterprise: null,
      agentAddress: null,
      uptimeTicks: 4242,
      varbinds: [
        { oid: '1.3.6.1.2.1.2.2.1.1.3', type: 'INTEGER', value: 3 },
        { oid: '1.3.6.1.6.3.10.2.1.1.0', type: 'OCTET STRING', value: { hex: '8000000001020304' } },
        { oid: '1.3.6.1.6.3.10.2.1.2.0', type: 'INTEGER', value: 1 },
        { oid: '1.3.6.1.6.3.10.2.1.3.0', type: 'INTEGER', value: expect.any(Number) },
        ...(/^u-(DES|AES)/.test(name) ? [{ oid: '1.3.6.1.6.3.16.1.1.1.1', type: 'OCTET STRING', value: 'ctx' }] : []),
      ],
      malformed: null,
      raw: null,
    });
  });
});

describe('both copies of what a device sends to each node', () => {
  const copies = read('traps-v3-copies.txt');
  const hex = (octets: Uint8Array | null) => octets && Buffer.from(octets).toString('hex');

  test.each([...copies])('%s: differ as sent, and are alike in plain', (name, copy) => {
    expect(hex(copy)).not.toBe(hex(sent(name)));
    expect(hex(plainNotification(copy, security))).toBe(hex(plainNotification(sent(name), security)));
    expect(plainNotification(copy, security)?.length).toBeGreaterThan(60);
  });

  it('differ when the user, the context or a variable does', () => {
    const plain = new Set([...captured.values()].map((bytes) => hex(plainNotification(bytes, security))));
    expect(plain.size).toBe(captured.size);
    const last = sent('u-none');
    const other = plainNotification(last.with(last.length - 1, 9), security);
    expect(hex(other)).not.toBe(hex(plainNotification(last, security)));
  });

  it('are nothing else than authentic version 3 notifications', () => {
    const bytes = sent('u-SHA');
    expect(plainNotification(bytes.with(bytes.length - 1, 9), security)).toBeNull();
    for (let length = 0; length < bytes.length; length++)
      expect(plainNotification(bytes.subarray(0, length), security)).toBeNull();
    expect(plainNotification(Uint8Array.of(0x30, 3, 2, 1, 1), security)).toBeNull();
  });
});

describe('what is not trusted is kept with the reason', () => {
  it('when nobody is configured, or somebody else', async () => {
    expect(decode(sent('u-SHA'), null)).toMatchObject({
      version: '3',
      community: 'u-SHA',
      trapOid: null,
      malformed: 'no user of SNMP version 3 is configured',
      raw: sent('u-SHA'),
    });
    expect(await faultWith('u-SHA', user('u-MD5', 'MD5'))).toBe('unknown user');
  });

  it('when a password or protocol is wrong', async () => {
    const wrong = { auth: 'authpass-SHA', priv: 'privpass-wrong' };
    expect(await faultWith('u-SHA', user('u-SHA', 'SHA', 'none', { auth: 'another-one', priv: '' }))).toBe('wrong digest: not authentic'); // prettier-ignore
    expect(await faultWith('u-SHA', user('u-SHA', 'MD5'))).toBe('wrong digest: not authentic');
    expect(await faultWith('u-SHA', user('u-SHA', 'SHA-512'))).toBe('wrong digest: not authentic');
    for (const priv of ['AES', 'DES', 'AES-256'] as const)
      expect(await faultWith(`u-${priv}`, user(`u-${priv}`, 'SHA', priv, wrong))).not.toBeNull();
  });

  it('when it is less protected than its user, or more', async () => {
    expect(await faultWith('u-none', user('u-none', 'SHA'))).toBe(
      'not authenticated, and the user has an authProtocol',
    );
    expect(await faultWith('u-SHA', user('u-SHA'))).toBe('the user has no authProtocol');
    expect(await faultWith('u-SHA', user('u-SHA', 'SHA', 'AES'))).toBe(
      'not encrypted, and the user has a privProtocol',
    );
    expect(await faultWith('u-AES', user('u-AES', 'SHA'))).toBe('encrypted, and the user has no privProtocol');
  });

  it('when the engine is another one; the user of the engine comes first', async () => {
    const other = { ...user('u-SHA', 'SHA'), engineId: '8000000099' };
    const own = { ...user('u-SHA', 'SHA'), engineId: '8000000001020304' };
    const any = user('u-SHA', 'MD5');
    expect(await faultWith('u-SHA', other)).toBe('unknown user');
    expect(await faultWith('u-SHA', any, own)).toBeNull();
    expect(await faultWith('u-SHA', own, other)).toBeNull();
  });

  it("when the user's files cannot be used; the others are read, and no password is told", async () => {
    logged.length = 0;
    const absent = { ...user('u-SHA', 'SHA'), authKeyFile: path.join(folder, 'absent') };
    const short = { ...user('u-MD5', 'MD5'), authKeyFile: keyFile('short') };
    expect(await faultWith('u-SHA', absent)).toBe("the user's key files cannot be used");
    expect(await faultWith('u-MD5', short)).toBe("the user's key files cannot be used");
    expect(await faultWith('u-AES', absent, short, user('u-AES', 'SHA', 'AES'))).toBeNull();
    expect(JSON.stringify(logged)).toContain('HS_SNMP_KEY');
    expect(JSON.stringify(logged)).not.toContain('authpass');
  });

  it('when a single octet differs, wherever', () => {
    for (const name of ['u-SHA-256', 'u-DES', 'u-AES-256-C']) {
      const bytes = sent(name);
      for (let at = 0; at < bytes.length; at++)
        expect(decode(bytes.with(at, (bytes[at] ?? 0) ^ 0x10)).malformed, `octet ${at}`).not.toBeNull();
    }
  });

  it('when it is cut off, at every byte, or has octets behind it', () => {
    for (const bytes of captured.values()) {
      for (let length = 0; length < bytes.length; length++)
        expect(decode(bytes.subarray(0, length))).toMatchObject({ malformed: expect.any(String), trapOid: null });
      expect(decode(Uint8Array.from([...bytes, 0])).malformed).not.toBeNull();
    }
  });

  it('whatever comes', () => {
    const seed = Date.now();
    const changed = fc
      .tuple(fc.constantFrom(...captured.values()), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }))
      .map(([bytes, changes]) => changes.reduce((copy, [at, octet]) => copy.with(at % copy.length, octet), bytes));
    fc.assert(
      fc.property(changed, (bytes) => {
        const { malformed, raw } = decode(bytes);
        expect(raw === null).toBe(malformed === null);
      }),
      { seed, numRuns: 300 },
    );
  });
});
