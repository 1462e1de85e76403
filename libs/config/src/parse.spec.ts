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
