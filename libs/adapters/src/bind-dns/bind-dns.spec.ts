import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkKeyFile } from './key-file.ts';
import { serverTimeMs } from './server-clock.ts';
import { updateFault } from './update-fault.ts';
import { quoted, updateScript } from './update-script.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hs-key-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const target = {
  server: { address: '192.0.2.53', port: 5353 },
  name: 's.example.test',
  zone: 'example.test',
  preamble: [],
};

it('asks for everything in one transaction with its prerequisite', () => {
  const addresses = ['192.0.2.11', '2001:db8::11'];
  const change = { onlyIfMarkers: ['epoch=1 node=b'], marker: 'epoch=2 node=a', addresses, ttlSeconds: 30 };
  expect(updateScript(target, change).split('\n')).toEqual([
    'server 192.0.2.53 5353',
    'zone example.test.',
    'prereq yxrrset _hotstandby.s.example.test. TXT "epoch=1 node=b"',
    'update delete s.example.test. A',
    'update delete s.example.test. AAAA',
    'update delete _hotstandby.s.example.test. TXT',
    'update add s.example.test. 30 A 192.0.2.11',
    'update add s.example.test. 30 AAAA 2001:db8::11',
    'update add _hotstandby.s.example.test. 30 TXT "epoch=2 node=a"',
    'send',
    '',
  ]);
  expect(updateScript(target, { ...change, onlyIfMarkers: [] })).toContain(
    'prereq nxrrset _hotstandby.s.example.test. TXT',
  );
});

it('keeps what a server said on its line', () => {
  expect(quoted('a"\nsend\\;ä')).toBe('"a\\034\\010send\\092\\059\\195\\164"');
});

it('takes a key as tsig-keygen writes it, and never repeats what is in the file', async () => {
  const secret = 'c2VjcmV0IHNlY3JldCBzZWNyZXQ=';
  const keyFile = path.join(folder, 'key');
  const check = async (text: string, mode = 0o600) => {
    rmSync(keyFile, { force: true });
    writeFileSync(keyFile, text, { mode });
    return checkKeyFile({ name: 'k', algorithm: 'hmac-sha256', keyFile }).then(
      () => null,
      (error: { code: string; message: string }) => `${error.code} ${error.message.replace(keyFile, 'FILE')}`,
    );
  };
  const good = `# made today\nkey "k" {\n\talgorithm hmac-sha256;\n\tsecret "${secret}";\n};\n`;
  expect(await check(good)).toBeNull();
  expect(await check(good, 0o640)).toContain('mode 0640');
  expect(await check(good.replace('"k"', '"other"'))).toContain('another name');
  expect(await check(good.replace('sha256', 'sha512'))).toContain('another algorithm');
  for (const bad of [secret, '', good + good, good.replace('secret', 'sekret'), `include "x";\n${good}`]) {
    expect(await check(bad)).toBe('HS_DNS_KEY_FILE FILE: it is no key as tsig-keygen writes it');
  }
});

it('knows what nsupdate means, without repeating it', () => {
  const code = (stderr: string) => updateFault('192.0.2.53', stderr).code;
  expect(code('; TSIG error with server: tsig indicates error\nupdate failed: NOTAUTH(BADTIME)')).toBe('HS_DNS_CLOCK');
  expect(code('update failed: NOTAUTH(BADKEY)')).toBe('HS_DNS_KEY');
  expect(code('update failed: NOTAUTH(BADSIG)')).toBe('HS_DNS_KEY');
  expect(code('update failed: NOTAUTH')).toBe('HS_DNS_ZONE');
  expect(code('update failed: NOTZONE')).toBe('HS_DNS_ZONE');
  expect(code('update failed: REFUSED')).toBe('HS_DNS_REFUSED');
  expect(code('update failed: NXRRSET')).toBe('HS_DNS_CHANGED');
  expect(code('; Communication with 192.0.2.53#53 failed: timed out')).toBe('HS_DNS_TIMEOUT');
  expect(code('; Communication with 192.0.2.53#53 failed: operation canceled')).toBe('HS_DNS_UNREACHABLE');
  expect(updateFault('s', 'update failed: SERVFAIL').message).toContain('SERVFAIL');
  const leaky = "k:1: unknown option 'c2VjcmV0'\ncould not read key from k: unexpected token\nupdate failed: REFUSED";
  expect(updateFault('s', leaky)).toMatchObject({
    code: 'HS_DNS_KEY_FILE',
    message: 's: nsupdate cannot read the key file',
  });
});

it("reads the server's clock from the signature of its answer", () => {
  const shown = (tsig: string) => `Sending update to 192.0.2.53#53
TSIG hmac-sha256. 1 300 32 AAAA= 1 NOERROR 0
Reply from update query:
;; TSIG PSEUDOSECTION:
fk.\t\t\t0\tANY\tTSIG\thmac-sha256. ${tsig}

`;
  expect(serverTimeMs(shown('1795284795 300 32 zNtOAl3f/c= 28094 NOERROR 0 '))).toBe(1_795_284_795_000);
  expect(serverTimeMs(shown('1795287462 300 48 C82M7E1N1 LCyXmTxz 62376 NOERROR 0 '))).toBe(1_795_287_462_000);
  expect(serverTimeMs(shown('1795285529 300 32 VGeshE= 33717 BADTIME 6 AABrAd/B'))).toBe(1_795_284_929_000);
  expect(serverTimeMs(shown('1795285529 300 32 VGeshE= 33717 BADTIME 0 '))).toBeNull();
  expect(serverTimeMs(shown('1795284929 300 0 21976 BADSIG 0 '))).toBeNull();
  expect(serverTimeMs('; Communication with 192.0.2.53#53 failed: timed out')).toBeNull();
});
