import { expect, it } from 'vitest';
import { emptyMemory, notify, notifyTypes, type NotifyEvent, type NotifyMemory, type NotifyOptions } from './index.ts';

const options: NotifyOptions = {
  alerts: { takeover: true, synchronisation: true, selfMonitoring: true },
  quietMs: 300_000,
  subjectPrefix: '[hs]',
};
const start = Date.parse('2026-11-21T12:00:00.000Z');
let made = 0;
const event = (type: string, data: unknown, change: Partial<NotifyEvent> & { afterMs?: number } = {}): NotifyEvent => ({
  id: `e${made++}`,
  source: '/hotstandby/demo/b/arbiter',
  type,
  time: new Date(start + (change.afterMs ?? 0)).toISOString(),
  data,
  ...change,
});
const roleChanged = (from: string, to: string, more: object = {}, change: Partial<NotifyEvent> = {}) =>
  event(
    'role.changed',
    { from, to, rule: 'R7', reason: 'the active was silent', planned: false, operator: null, ...more },
    { epoch: 5, ...change },
  );

function run(events: NotifyEvent[], change: Partial<NotifyOptions> = {}) {
  let memory: NotifyMemory = emptyMemory;
  return events.map((one) => {
    const result = notify(one, Date.parse(one.time), { ...options, ...change }, memory);
    memory = result.memory;
    return result.alert;
  });
}

it('tells a take-over with all that a reader needs', () => {
  const [alert] = run([roleChanged('standby', 'active', {}, { id: 'x/1' })]);
  expect(alert).toEqual({
    id: 'takeover.x_1',
    kind: 'takeover',
    subject: '[hs] TAKE-OVER: b is active',
    createdAt: '2026-11-21T12:00:00.000Z',
    text: [
      'Node b took over: the active node before it had fallen silent.',
      '',
      'When:     2026-11-21T12:00:00.000Z (clock of b)',
      'Cluster:  demo',
      'Node:     b',
      'Service:  arbiter',
      'Epoch:    5',
      'Rule:     R7',
      'Reason:   the active was silent',
      'Event:    role.changed x/1',
      '',
      'What to do: Find out why the other node fell silent and start it again: until it is back there is no redundancy.',
      '',
    ].join('\n'),
  });
});

it('tells planned switchovers and first activations as what they are, and no other change of a role', () => {
  const kinds = run([
    roleChanged('active', 'standby', { planned: true }),
    roleChanged('standby', 'active', { planned: true, operator: 'ann' }),
    roleChanged('starting', 'active', {}, { epoch: 6 }),
    roleChanged('active', 'fenced'),
  ]).map((alert) => alert?.kind ?? null);
  expect(kinds).toEqual([null, 'switchover', 'activation', null]);
});

it('never keeps a take-over quiet because of another one', () => {
  const alerts = run([roleChanged('standby', 'active'), roleChanged('standby', 'active', {}, { epoch: 6 })]);
  expect(alerts.map((alert) => alert?.kind)).toEqual(['takeover', 'takeover']);
});

it('is quiet about the same thing for a while, and counts what it kept quiet', () => {
  const failed = (afterMs: number, code = 'HS_SYNC_DIGEST') =>
    event('sync.failed', { code, message: 'm', cure: 'c' }, { afterMs });
  const alerts = run([failed(0), failed(1000), failed(2000), failed(3000, 'HS_SYNC_SPACE'), failed(300_000)]);
  expect(alerts.map((alert) => alert?.kind ?? null)).toEqual(['sync-failed', null, null, 'sync-failed', 'sync-failed']);
  expect(alerts[4]?.text).toContain('2 further events of this kind since the last mail were not sent.');
  expect(run([failed(0), failed(0)], { quietMs: 0 }).every(Boolean)).toBe(true);
});

it('tells a standby that came back only after a loss', () => {
  const registered = (afterMs: number) => event('standby.registered', { standby: 'id', name: 'a' }, { afterMs });
  const lost = event('standby.lost', { standby: 'id', name: 'a', silentMs: 2100 }, { afterMs: 10 });
  expect(run([registered(0), lost, registered(20), registered(30)]).map((alert) => alert?.kind ?? null)).toEqual([
    null,
    'standby-lost',
    'standby-back',
    null,
  ]);
  const afterTakeover = run([roleChanged('standby', 'active'), registered(1000)]);
  expect(afterTakeover[1]?.kind).toBe('standby-back');
});

it('remembers a loss also when its alert is switched off', () => {
  const lost = event('standby.lost', { standby: 'id', name: 'a', silentMs: 1 });
  const { memory } = notify(
    lost,
    start,
    { ...options, alerts: { ...options.alerts, selfMonitoring: false } },
    emptyMemory,
  );
  expect(memory.standbyLost).toBe(true);
});

it.each(['takeover', 'synchronisation', 'selfMonitoring'] as const)(
  'sends nothing of a topic that is switched off: %s',
  (topic) => {
    const all = [
      roleChanged('standby', 'active'),
      event('sync.conflict', { path: 'p', keptAs: 'k' }),
      event('store.lost', { fault: 'unreachable', message: 'm' }),
    ];
    const alerts = run(all, { alerts: { ...options.alerts, [topic]: false } });
    expect(alerts.filter(Boolean)).toHaveLength(2);
  },
);

it('makes an alert of each type that it says it reads, whatever the data', () => {
  for (const type of notifyTypes.filter((one) => one !== 'role.changed' && one !== 'standby.registered')) {
    for (const data of [null, 'text', 7, [], {}, { name: { a: 1 }, code: null }]) {
      expect(run([event(type, data)])[0]?.subject, type).toMatch(/^\[hs\] ./);
    }
  }
  expect(run([event('mail.sent', {}), event('constructor', {})])).toEqual([null, null]);
});

it('keeps what comes from elsewhere on one line and bounded', () => {
  const [alert] = run([
    event('service.failed', { service: 'x\r\nBcc: y@example.org', code: 'C', message: 'm'.repeat(5000) }),
  ]);
  expect(alert?.subject).toBe('[hs] x Bcc: y@example.org failed on b');
  expect(alert?.text.length).toBeLessThan(2000);
  expect(alert?.text).not.toContain('\r');
});

it('remembers a bounded number of things', () => {
  let memory: NotifyMemory = emptyMemory;
  for (let index = 0; index < 500; index++) {
    memory = notify(
      event('service.failed', { service: `s${index}`, code: 'C', message: 'm' }),
      start,
      options,
      memory,
    ).memory;
  }
  expect(Object.keys(memory.sent)).toHaveLength(200);
});

it.each<[string, string, object, string, string]>([
  [
    'pause.begun',
    'pause-begun',
    { number: 3, endsAt: 'T', operator: 'eve', reason: 'new switch' },
    'paused until T',
    'eve paused',
  ],
  ['pause.ended', 'pause-ended', { number: 3, how: 'resumed', operator: 'eve' }, 'the pause is over', 'resumed by eve'],
  [
    'pause.ended',
    'pause-ended',
    { number: 3, how: 'elapsed', operator: null },
    'the pause is over',
    'its time had come',
  ],
  [
    'policy.waiting',
    'policy-waiting',
    { rule: 'health-hand-over', why: 'a is no better' },
    'b cannot do its whole job',
    'a is no better',
  ],
  [
    'policy.waiting',
    'policy-waiting',
    { rule: 'failback', why: 'minimum reign' },
    'failback waits on b',
    'minimum reign',
  ],
  [
    'workload.failed',
    'workload-failed',
    { check: 'web', code: 'HS_WORKLOAD_FAILED', message: 'connection refused' },
    'the application on b fails: web',
    'HS_WORKLOAD_FAILED: connection refused',
  ],
  ['policy.mismatch', 'policy-mismatch', { peer: 'a', fields: ['enabled'] }, 'configured differently', 'its peer a'],
])('tells %s as %s', (type, kind, data, subject, text) => {
  const [alert] = run([event(type, data)]);
  expect(alert).toMatchObject({
    kind,
    subject: expect.stringContaining(subject),
    text: expect.stringContaining(text),
  });
});

it('tells a hand-over by health when the active lets go, and a take-over by force as what it is', () => {
  const [gone, come, forced] = run([
    roleChanged('active', 'fenced', { rule: 'health-hand-over', reason: 'collector failed', planned: true }),
    roleChanged('standby', 'active', { rule: 'claim-handed-over', planned: true }, { epoch: 6 }),
    roleChanged('refused', 'active', { rule: 'claim-forced', planned: true, operator: 'eve' }, { epoch: 7 }),
  ]);
  expect(gone).toMatchObject({ kind: 'health-hand-over', subject: '[hs] b hands over: it cannot do its job' });
  expect(come?.kind).toBe('switchover');
  expect(forced).toMatchObject({ kind: 'takeover', subject: '[hs] TAKE-OVER by force: b is active' });
  expect(forced?.text).toContain('eve took the lease');
});
