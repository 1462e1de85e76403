import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { anchorPaths, parseConfig, readDnsServer } from './index.ts';

it('reads addresses of servers with and without a port, and no names', () => {
  expect(readDnsServer('192.0.2.53')).toEqual({ address: '192.0.2.53', port: 53 });
  expect(readDnsServer('192.0.2.53:5353')).toEqual({ address: '192.0.2.53', port: 5353 });
  expect(readDnsServer('2001:db8::53')).toEqual({ address: '2001:db8::53', port: 53 });
  expect(readDnsServer('[2001:db8::53]:5353')).toEqual({ address: '2001:db8::53', port: 5353 });
  for (const bad of [
    '',
    'ns.example.org',
    '192.0.2.53:0',
    '192.0.2.53:65536',
    '192.0.2:53',
    '[192.0.2.53]:53',
    '192.0.2.53:53\nsend',
  ])
    expect(readDnsServer(bad), bad).toBeNull();
});

const example = readFileSync(new URL('../../../examples/node.yaml', import.meta.url), 'utf8');
const binding = {
  mode: 'hostname',
  name: 'service.example.org',
  zone: 'example.org',
  servers: ['192.0.2.53'],
  tsig: { name: 'failover', keyFile: 'keys/dns.key' },
};
const read = (changes: object) =>
  parseConfig(example.replace(/^binding:\n( .*\n)*/m, `binding: ${JSON.stringify({ ...binding, ...changes })}\n`));

it('reads a virtual hostname, its presets and its key file beside the configuration', () => {
  const result = read({});
  expect(result).toMatchObject({
    ok: true,
    config: {
      binding: { mode: 'hostname', ttlSeconds: 30, tsig: { algorithm: 'hmac-sha256' } },
      collector: { feed: 'vip' },
    },
  });
  if (!result.ok) return;
  expect(anchorPaths(result.config, '/etc/hotstandby').binding).toMatchObject({
    tsig: { keyFile: '/etc/hotstandby/keys/dns.key' },
  });
});

it('refuses what cannot work, and names the field', () => {
  const fields = (changes: object) => {
    const result = read(changes);
    return result.ok ? [] : result.faults.map(({ field }) => field);
  };
  expect(fields({ zone: 'ample.org' })).toEqual(['binding.name']);
  expect(fields({ name: 'service.example.com' })).toEqual(['binding.name']);
  expect(fields({ name: 'EXAMPLE.org' })).toEqual([]);
  expect(fields({ name: 'service.example.org\nsend' })).toEqual(['binding.name']);
  expect(fields({ ttlSeconds: -1 })).toEqual(['binding.ttlSeconds']);
  expect(fields({ ttlSeconds: 86_401 })).toEqual(['binding.ttlSeconds']);
  expect(fields({ servers: ['ns.example.org'] })).toEqual(['binding.servers.0']);
  expect(fields({ servers: [] })).toEqual(['binding.servers']);
  expect(fields({ addresses: ['192.0.2.1/24'] })).toEqual(['binding.addresses.0']);
  expect(fields({ addresses: ['192.0.2.12'] })).toEqual(['binding.addresses']);
  expect(fields({ tsig: { ...binding.tsig, algorithm: 'hmac-md5' } })).toEqual(['binding.tsig.algorithm']);
  expect(fields({ tsig: { ...binding.tsig, secret: 'x' } })).toEqual(['binding.tsig.secret']);
});
