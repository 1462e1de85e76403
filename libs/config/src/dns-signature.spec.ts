import { expect, it } from 'vitest';
import { anchorPaths, parseConfig } from './index.ts';

const parsed = (signature: string) =>
  parseConfig(`
cluster: c
node: { name: a, kind: primary, address: 127.0.0.1, dataDir: data }
peer: { name: b, address: 127.0.0.2 }
store: { url: postgresql://u@h/d }
nats: { url: nats://127.0.0.1:1, keysDir: keys/nats }
binding: { mode: hostname, name: s.example.org, zone: example.org, servers: [192.0.2.53], ${signature} }
`);
const faults = (signature: string) => {
  const result = parsed(signature);
  return result.ok ? [] : result.faults.map(({ field, expected, got }) => `${field}: ${expected}, got ${got}`);
};
const account = 'principal: svc-failover@AD.EXAMPLE.ORG';

it('takes one signature, with one secret, and anchors its file', () => {
  const tsig = parsed('tsig: { name: k, keyFile: keys/dns.key }');
  const kerberos = parsed(`kerberos: { ${account}, passwordFile: keys/dns.password, kdcs: [192.0.2.10] }`);
  const keytab = parsed(`kerberos: { ${account}, keytabFile: /etc/dns.keytab }`);
  if (!tsig.ok || !kerberos.ok || !keytab.ok) throw new Error('refused');
  expect(anchorPaths(tsig.config, '/etc/hs').binding).toMatchObject({ tsig: { keyFile: '/etc/hs/keys/dns.key' } });
  expect(anchorPaths(kerberos.config, '/etc/hs').binding).toMatchObject({
    kerberos: { passwordFile: '/etc/hs/keys/dns.password', kdcs: ['192.0.2.10'] },
  });
  expect(anchorPaths(keytab.config, '/etc/hs').binding).toMatchObject({
    kerberos: { keytabFile: '/etc/dns.keytab', kdcs: [] },
  });
});

it('says what is wrong with it', () => {
  expect(faults('ttlSeconds: 30')).toEqual(['binding: exactly one of tsig and kerberos, got neither']);
  expect(faults(`tsig: { name: k, keyFile: f }, kerberos: { ${account}, passwordFile: f }`)).toEqual([
    'binding: exactly one of tsig and kerberos, got both',
  ]);
  expect(faults(`kerberos: { ${account} }`)).toEqual([
    'binding.kerberos: exactly one of passwordFile and keytabFile, got neither',
  ]);
  expect(faults(`kerberos: { ${account}, passwordFile: f, keytabFile: f }`)).toEqual([
    'binding.kerberos: exactly one of passwordFile and keytabFile, got both',
  ]);
  const bad = ['svc-failover', 'svc@ad.example.org', 'AD\\\\svc@AD', '-c@AD', 'svc@AD EXAMPLE'];
  for (const principal of bad) {
    const [said = ''] = faults(`kerberos: { principal: "${principal}", passwordFile: f }`);
    expect(said, principal).toContain('user@REALM, the realm in capitals');
  }
  expect(faults(`kerberos: { ${account}, passwordFile: f, kdcs: [dc1.example.org] }`)[0]).toContain('an IP address');
});
