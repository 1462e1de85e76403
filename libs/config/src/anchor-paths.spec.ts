import { expect, it } from 'vitest';
import { anchorPaths, parseConfig } from './index.ts';

const parsed = parseConfig(`
cluster: c
node: { name: a, kind: primary, address: 127.0.0.1, dataDir: data }
peer: { name: b, address: 127.0.0.2 }
store: { url: postgresql://u@h/d, passwordFile: /run/secrets/store }
nats: { url: nats://127.0.0.1:1, keysDir: keys/nats }
collector: { snmpUsers: [{ name: u, authProtocol: SHA, authKeyFile: keys/snmp-u }] }
fileSync: { enabled: true, root: files, keysDir: keys/ssh }
notifier: { enabled: true, smtp: { host: h, passwordFile: smtp }, from: a@b, to: c@d }
`);

it('takes relative paths from the folder of the file and leaves absolute and absent ones', () => {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const { node, store, nats, collector, fileSync, notifier } = anchorPaths(parsed.config, '/etc/hs/');
  expect(node.dataDir).toBe('/etc/hs/data');
  expect(store).toMatchObject({ passwordFile: '/run/secrets/store', caFile: undefined });
  expect(nats.keysDir).toBe('/etc/hs/keys/nats');
  expect(collector.snmpUsers[0]).toMatchObject({ authKeyFile: '/etc/hs/keys/snmp-u' });
  expect(fileSync).toMatchObject({ root: '/etc/hs/files', keysDir: '/etc/hs/keys/ssh' });
  expect(notifier).toMatchObject({ smtp: { passwordFile: '/etc/hs/smtp' } });
});
