import type { ArbiterDescription, NodeSummary } from '@hotstandby/contracts';
import { expect, it } from 'vitest';
import { activeOf, type Witness } from './active-of.ts';

const summary = (name: string, change: Partial<NodeSummary> = {}): NodeSummary => ({
  name,
  nodeId: `id-${name}`,
  address: `10.0.0.${name}`,
  consolePort: 8080,
  serverRole: 'PRIMARY',
  lastCount: 1,
  silentMs: 10,
  registered: true,
  ...change,
});

function witness(name: string, change: Partial<ArbiterDescription> | null): Witness {
  const arbiter: ArbiterDescription = {
    node: name,
    nodeId: `id-${name}`,
    incarnation: 'i',
    role: 'standby',
    reason: '',
    epoch: 1,
    active: null,
    standby: null,
    nodes: [summary('a'), summary('b')],
    redundancy: 'ready',
    grantRemainingMs: null,
    store: { reachable: true, lastAnswerMs: 1, message: null },
    timing: { profile: 'fast', beatMs: 40, leaseTtlMs: 150, takeoverWaitMs: 158 },
    listeners: [],
    pause: null,
    policy: null,
    ...change,
  };
  return { name, address: `10.0.0.${name}`, arbiter: change && arbiter };
}

it('believes a node about itself', () => {
  expect(activeOf([witness('a', { role: 'standby', active: null }), witness('b', { role: 'active' })])).toEqual({
    name: 'b',
    address: '10.0.0.b',
    consolePort: 8080,
  });
});

it('of two that say they are active names the one with the newer epoch', () => {
  const both = [witness('a', { role: 'active', epoch: 3 }), witness('b', { role: 'active', epoch: 4 })];
  expect(activeOf(both)?.name).toBe('b');
});

it('names the holder that the standby sees when that one cannot be asked', () => {
  expect(activeOf([witness('a', null), witness('b', { active: summary('a') })])?.name).toBe('a');
});

it('does not name a holder that says itself that it is fenced, or one that fell silent', () => {
  expect(activeOf([witness('a', { role: 'fenced' }), witness('b', { active: summary('a') })])).toBeNull();
  expect(activeOf([witness('a', null), witness('b', { active: summary('a', { silentMs: 500 }) })])).toBeNull();
});

it('knows nothing when nobody answers', () => {
  expect(activeOf([witness('a', null), witness('b', null)])).toBeNull();
});
