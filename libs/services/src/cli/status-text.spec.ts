import type { PairStatus, ServiceSeen } from '@hotstandby/contracts';
import { expect, it } from 'vitest';
import { statusText } from './status-text.ts';
import { painter } from './text/paint.ts';

const service = (name: string, change: Partial<ServiceSeen> = {}): ServiceSeen => ({
  service: name,
  instance: 'i',
  saidAtMs: 0,
  pid: 1,
  health: 'ok',
  summary: 'works',
  httpPort: 1,
  detail: {},
  ageMs: 200,
  ...change,
});

const node = (name: string, lastCount: number) => ({
  name,
  nodeId: `id-${name}`,
  address: `127.0.0.1${name === 'a' ? 1 : 2}`,
  consolePort: 8080,
  serverRole: 'PRIMARY',
  lastCount,
  silentMs: 21.4,
  registered: true,
});

const status: PairStatus = {
  cluster: 'demo',
  at: '2026-01-31T13:05:59.123Z',
  version: '0.1.0',
  active: { name: 'a', address: '127.0.0.11', consolePort: 8080 },
  epoch: 7,
  redundancy: 'ready',
  bus: { connected: true },
  store: { reachable: true, records: { syslog: 12345, trap: 6, flow: 0 }, fault: null },
  nodes: [
    {
      name: 'a',
      address: '127.0.0.11',
      asked: true,
      fault: null,
      arbiter: {
        node: 'a',
        nodeId: 'id-a',
        incarnation: 'i',
        role: 'active',
        reason: 'renewed by the store',
        epoch: 7,
        active: node('a', 4711),
        standby: node('b', 99),
        nodes: [node('a', 4711), node('b', 99)],
        redundancy: 'ready',
        grantRemainingMs: 121.7,
        store: { reachable: true, lastAnswerMs: 12, message: null },
        timing: { profile: 'fast', beatMs: 40, leaseTtlMs: 150, takeoverWaitMs: 158.03 },
        listeners: [],
        pause: null,
        policy: null,
      },
      services: [
        service('arbiter'),
        service('network-binding', { detail: { mode: 'vip', bound: ['192.0.2.100'] } }),
        service('collector', { health: 'degraded', summary: 'port 5514 \u001b[31mis taken' }),
        service('collector', { instance: 'j' }),
        service('notifier', { ageMs: 12_000 }),
      ],
    },
    {
      name: 'b',
      address: '127.0.0.12',
      asked: false,
      fault: { code: 'HS_NO_ANSWER', message: 'nobody answers hs.demo.b.arbiter.describe', cure: 'x' },
      arbiter: null,
      services: [],
    },
  ],
  events: [
    {
      specversion: '1.0',
      id: '1',
      source: '/hotstandby/demo/a/arbiter',
      type: 'role.changed',
      time: '2026-01-31T13:05:00.000Z',
      epoch: 7,
      data: {
        from: 'standby',
        to: 'active',
        rule: 'claim.silent',
        reason: 'the holder fell silent',
        operator: 'me@pc',
      },
    },
  ],
};

it('shows the pair at one look', () => {
  expect(statusText(status, painter(false)).join('\n')).toBe(
    `cluster     demo   epoch 7
active      a (127.0.0.11)
redundancy  ready: a standby is there
store       reachable
records     syslog 12 345, traps 6, flows 0
timing      profile fast: beat 40 ms, lease 150 ms, take-over after 159 ms

NODE  ADDRESS     ROLE             EPOCH  BEATS  SEEN       GRANT   STORE      VIRTUAL IP
a     127.0.0.11  active           7      4 711  21 ms ago  122 ms  reachable  192.0.2.100
b     127.0.0.12  does not answer  -         99  21 ms ago  -       -          -
a: renewed by the store
b: HS_NO_ANSWER nobody answers hs.demo.b.arbiter.describe

SERVICE          NODE a           NODE b
heartbeat        not heard        not heard
arbiter          ok               not heard
network-binding  ok               not heard
file-sync        not heard        not heard
collector        degraded (2)     not heard
notifier         silent for 12 s  not heard
console          not heard        not heard
a/collector: port 5514 ␛[31mis taken

LAST EVENTS
2026-01-31 13:05:00.000 a role.changed [7] standby -> active (claim.silent): the holder fell silent by me@pc`,
  );
});

it('says what is missing when nothing could be asked', () => {
  const fault = { code: 'HS_NATS_UNREACHABLE', message: 'NATS is away', cure: 'x' };
  const lost: PairStatus = {
    ...status,
    active: null,
    epoch: null,
    redundancy: 'unknown',
    store: { reachable: false, records: null, fault: { ...fault, message: 'connection refused' } },
    nodes: status.nodes.map((one) => ({ ...one, arbiter: null, fault, services: [] })),
    events: [],
  };
  const text = statusText(lost, painter(false)).join('\n');
  expect(text).toContain('active      nobody that is known');
  expect(text).toContain('store       away: connection refused');
  expect(text).toContain('records     unknown');
  expect(text).toMatch(/^a +127\.0\.0\.11 +cannot be asked/m);
});

it('shows a pause, what the policies say is next, and a pair without failover', () => {
  const text = (arbiter: Partial<NonNullable<PairStatus['nodes'][number]['arbiter']>>) => {
    const nodes = status.nodes.map((one) => (one.arbiter ? { ...one, arbiter: { ...one.arbiter, ...arbiter } } : one));
    return statusText({ ...status, nodes }, painter(false)).join('\n');
  };
  const pause = {
    number: 1,
    remainingMs: 1_680_000,
    endsAt: '2026-01-31T13:30:00.000Z',
    operator: 'eve',
    reason: 'new switch',
  };
  expect(text({ pause })).toContain(
    'paused      until 2026-01-31 13:30:00.000, 28 min left; nobody takes over by itself (eve: new switch)',
  );
  const policy = { enabled: true, failback: 'manual' as const, note: null, unwell: [], mismatch: [] };
  expect(text({ policy })).not.toContain('policy ');
  expect(text({ policy: { ...policy, note: 'a is a healthy standby' } })).toContain(
    'policy      a is a healthy standby',
  );
  expect(text({ policy: { ...policy, mismatch: ['enabled', 'failback'] } })).toContain(
    'differ in policy.enabled, policy.failback',
  );
  const off = text({ policy: { ...policy, enabled: false } });
  expect(off).toContain('failover    off (policy.enabled: false)');
  expect(off).not.toContain('redundancy');
});
