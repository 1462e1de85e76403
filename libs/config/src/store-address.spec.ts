import { expect, it } from 'vitest';
import { parseConfig } from './parse.ts';
import { readStoreUrl } from './store-address.ts';

it('reads the address of either kind of store', () => {
  expect(readStoreUrl('postgresql://u%40x@192.0.2.20/hot?sslmode=require')).toEqual({
    address: {
      kind: 'postgresql',
      hosts: [{ host: '192.0.2.20', port: 5432 }],
      user: 'u@x',
      database: 'hot',
      options: { sslmode: 'require' },
    },
  });
  expect(readStoreUrl('postgres://u@h1:5432,[2001:db8::2]:5433,h3/db?target_session_attrs=read-write')).toMatchObject({
    address: {
      hosts: [
        { host: 'h1', port: 5432 },
        { host: '2001:db8::2', port: 5433 },
        { host: 'h3', port: 5432 },
      ],
    },
  });
  expect(readStoreUrl('mssql://u@db.example.org/hot?encrypt=strict')).toMatchObject({
    address: { kind: 'mssql', hosts: [{ host: 'db.example.org', port: 1433 }], options: { encrypt: 'strict' } },
  });
});

it.each([
  ['mysql://u@h/d', 'postgresql://', 'something else'],
  ['postgresql://u@h1:x,h2/d', 'host:port', '"h1:x"'],
  ['postgresql://u@h1,,h2/d', 'host:port', '""'],
  ['postgresql://u@h1:70000/d', 'host:port', '"h1:70000"'],
  ['postgresql://u:secret@h/d', 'no password', 'not shown'],
  ['mssql://u:secret@h/d', 'no password', 'not shown'],
  ['postgresql://u@h1,h2/d?target_session_attrs=any', 'read-write', '"any"'],
  ['mssql://u@h/d?encypt=strict', 'an option of encrypt', '"encypt"'],
  ['mssql://u@h/d?encrypt=false', 'encrypt=strict|true|off', '"false"'],
  ['mssql://u@db.example.org/d?encrypt=off', 'encrypt=strict', 'another machine'],
  ['mssql://u@h1,h2/d', 'one host', '2'],
  ['mssql://h/d', 'mssql://user@', 'no user'],
])('says what is wrong with %s', (url, expected, got) => {
  const read = readStoreUrl(url);
  if (!('fault' in read)) throw new Error('it was taken');
  expect(read.fault.expected).toContain(expected);
  expect(read.fault.got).toContain(got);
  expect(JSON.stringify(read.fault)).not.toContain('secret');
});

const file = (url: string, more = '') => `
cluster: c
node: { name: a, kind: primary, address: 192.0.2.1, dataDir: /d }
peer: { name: b, address: 192.0.2.2 }
store: { url: '${url}' }
nats: { url: 'nats://192.0.2.1:4222', keysDir: /k }
${more}`;

it('says which parts do not work with SQL Server yet, instead of failing later', () => {
  const notifier = `notifier: { enabled: true, from: 'a@b.example', to: [c@d.example], smtp: { host: h } }`;
  const result = parseConfig(file('mssql://u@h/d', notifier));
  expect(result).toMatchObject({ ok: false, faults: [{ code: 'HS_CONFIG_INVALID', field: 'notifier.enabled' }] });
  if (!result.ok) expect(result.faults[0]?.cure).toMatch(/PostgreSQL/);
  expect(parseConfig(file('postgresql://u@h1,h2/d', notifier))).toMatchObject({ ok: true });
  expect(parseConfig(file('mssql://u@h/d'))).toMatchObject({ ok: true });
});
