import { expect, it } from 'vitest';
import { parseConfig } from './index.ts';

it('says what each faulty field should be, in words that follow "expected"', () => {
  const result = parseConfig(`
cluster: c
node: { name: a, kind: primry, address: 192.0.2.300, dataDir: 5 }
peer: { name: b, address: 192.0.2.12 }
profile: quick
timing: { beatMs: -5 }
binding: { mode: vipp }
store: { url: postgresql://u@h/d }
nats: { keysDir: keys }
`);
  expect(result.ok ? [] : result.faults.map(({ field, expected, got }) => `${field}: ${expected}; ${got}`)).toEqual([
    'node.kind: one of "primary"|"secondary"; "primry"',
    'node.address: an IPv4 or IPv6 address; "192.0.2.300"',
    'node.dataDir: string; 5',
    'profile: one of "fast"|"standard"|"classic"; "quick"',
    'timing.beatMs: number to be >0; -5',
    'nats.url: string; nothing',
    "binding.mode: 'none' | 'vip' | 'hostname'; \"vipp\"",
  ]);
});

it('takes a shorter lease with the other times that go with it, and leaves what is given as it is', () => {
  const timed = (timing: string) => {
    const result = parseConfig(`
cluster: c
node: { name: a, kind: primary, address: 192.0.2.11, dataDir: /d }
peer: { name: b, address: 192.0.2.12 }
profile: fast
timing: ${timing}
store: { url: 'postgresql://u@h/d' }
nats: { url: 'nats://192.0.2.11:4222', keysDir: keys }
`);
    return result.ok ? result.config.timing : result.faults.map(({ code }) => code);
  };
  expect(timed('{ beatMs: 15, leaseTtlMs: 50 }')).toMatchObject({
    beatMs: 15,
    fenceLeadMs: 15,
    statementTimeoutMs: 40,
  });
  expect(timed('{ leaseTtlMs: 30 }')).toMatchObject({ beatMs: 10, fenceLeadMs: 9, statementTimeoutMs: 24 });
  expect(timed('{ leaseTtlMs: 400 }')).toMatchObject({ beatMs: 40, fenceLeadMs: 15, statementTimeoutMs: 120 });
  expect(timed('{ leaseTtlMs: 50, statementTimeoutMs: 120 }')).toEqual(['HS_CONFIG_TIMING']);
});
