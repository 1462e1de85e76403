import { expect, it, test } from 'vitest';
import { parseConfig } from './index.ts';

const faultsOf = (users: string) => {
  const result = parseConfig(`
cluster: c
node: { name: a, kind: primary, address: 127.0.0.1, dataDir: data }
peer: { name: b, address: 127.0.0.2 }
store: { url: postgresql://u@h/d }
nats: { url: nats://127.0.0.1:1, keysDir: keys/nats }
collector: { snmpUsers: ${users} }
`);
  return result.ok ? [] : result.faults.map(({ field }) => field);
};

it('takes users at each level, and one name with several engines', () => {
  expect(faultsOf('[{ name: u }, { name: v, authProtocol: SHA-256, authKeyFile: k }]')).toEqual([]);
  expect(faultsOf('[{ name: v, authProtocol: MD5, authKeyFile: k, privProtocol: DES, privKeyFile: p }]')).toEqual([]);
  expect(faultsOf('[{ name: u, engineId: "80000000AA" }, { name: u, engineId: "80000000ab" }, { name: u }]')).toEqual(
    [],
  );
});

test.each([
  ['[{ name: u, authProtocol: SHA }]', ['collector.snmpUsers.0.authKeyFile']],
  ['[{ name: u, authKeyFile: k }]', ['collector.snmpUsers.0.authProtocol']],
  ['[{ name: u, privProtocol: AES, privKeyFile: k }]', ['collector.snmpUsers.0.authProtocol']],
  ['[{ name: u }, { name: u }]', ['collector.snmpUsers.1.name']],
  ['[{ name: u, engineId: "80000000aa" }, { name: u, engineId: "80000000AA" }]', ['collector.snmpUsers.1.name']],
  ['[{ name: u, engineId: "80" }]', ['collector.snmpUsers.0.engineId']],
  ['[{ name: u, authProtocol: ROT13 }]', ['collector.snmpUsers.0.authProtocol']],
])('refuses %s', (users, fields) => {
  expect(faultsOf(users)).toEqual(fields);
});
