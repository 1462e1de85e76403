import { expect, test } from 'vitest';
import { parseConfig } from './index.ts';

const read = (collector: string) => {
  const result = parseConfig(`
cluster: c
node: { name: a, kind: primary, address: 127.0.0.1, dataDir: data }
peer: { name: b, address: 127.0.0.2 }
store: { url: postgresql://u@h/d }
nats: { url: nats://127.0.0.1:1, keysDir: keys/nats }
collector: ${collector}
`);
  return result.ok ? [] : result.faults.map(({ field }) => field);
};

test.each([
  ['{}', []],
  ['{ syslogTlsPorts: [6514] }', ['collector.tls.certFile', 'collector.tls.keyFile']],
  ['{ syslogTlsPorts: [6514], tls: { certFile: c, keyFile: k } }', []],
  [
    '{ syslogTlsPorts: [6514], tls: { certFile: c, keyFile: k, clientCertificates: optional } }',
    ['collector.tls.caFile'],
  ],
  ['{ sources: { syslog: [192.0.2.0/24, 192.0.2.7, "2001:db8::/32"] } }', []],
  ['{ sources: { flows: [192.0.2.0/33] } }', ['collector.sources.flows.0']],
])('%s', (collector, faults) => {
  expect(read(collector)).toEqual(faults);
});
