import { ManualClock } from '@hotstandby/testing/manual-clock';
import { MemoryIngest } from '@hotstandby/testing/memory-ingest';
import { MemoryReceiver } from '@hotstandby/testing/memory-receiver';
import type { Metrics, SnmpAnswering } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { defaultLimits } from '../limits.ts';
import { Losses } from '../losses.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { IngestQueue } from './ingest-queue.ts';
import { Listeners } from './listeners.ts';
import { Reception } from './reception.ts';
import { TrapAnswers } from './trap-answers.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const metrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};

const sourceLimits = { syslogPerSecond: 0, trapsPerSecond: 0, flowsPerSecond: 0, burstSeconds: 2 };

async function receiving(framed: boolean, trapSources: string[] = [], security: SnmpAnswering | null = null) {
  const clock = new ManualClock();
  const ingest = new MemoryIngest(clock);
  const receiver = new MemoryReceiver(clock, { framed });
  const role = { active: false };
  const emit = async () => {};
  const losses = new Losses({ clock, log, metrics, emit });
  const bounds = { maxBytes: 1 << 30, maxAgeMs: 3_600_000 };
  const queue = new IngestQueue({ ingest, bounds, clock, log, losses, limits: defaultLimits, instance: 'i' });
  const reception = new Reception({
    receiver,
    listeners: new Listeners({ receiver, clock, log, emit, limits: defaultLimits }),
    queue,
    answers: new TrapAnswers({ cluster: 'c', config: { snmpEngineBoots: 1 }, clock, security }),
    doorkeeper: new Doorkeeper({
      config: { sources: { syslog: [], traps: trapSources, flows: [] }, sourceLimits },
      clock,
      emit,
      log,
      metrics,
    }),
    losses,
    clock,
    log,
    metrics,
    frameBytes: 65_536,
    frameDelayMs: 10,
    isActive: () => role.active,
    movingAddresses: [],
    look: () => {},
  });
  await reception.start([{ kind: 'trap', address: '192.0.2.1', port: 1162, receiveBufferBytes: 65_536 }], 'hot');
  const until = async (done: () => boolean) => {
    for (let turn = 0; turn < 100 && !done(); turn++) await clock.advance(50);
    expect(done()).toBe(true);
  };
  return { ingest, receiver, reception, role, until };
}

const pdu = (tag: number) => [tag, 11, 2, 1, 1, 2, 1, 0, 2, 1, 0, 0x30, 0];
const message = (tag: number) => Uint8Array.of(0x30, 19, 2, 1, 1, 4, 1, 0x70, ...pdu(tag));
const [inform, trap] = [message(0xa6), message(0xa7)];

it.each([
  ['one by one', false],
  ['in frames', true],
])('answers informs that come %s while the node is active, and only when they are in INGEST', async (_how, framed) => {
  const { ingest, receiver, reception, role, until } = await receiving(framed);
  receiver.send(1162, inform);
  await until(() => ingest.frames().length === 1);
  expect(receiver.sent).toEqual([]);

  role.active = true;
  ingest.setAway(true);
  receiver.send(1162, trap, inform);
  let looks = 0;
  await until(() => ++looks > 5);
  expect(receiver.sent).toEqual([]);
  ingest.setAway(false);
  await until(() => receiver.sent.length > 0);
  expect(receiver.sent).toEqual([{ address: '192.0.2.7', port: 40_000, bytes: message(0xa2) }]);

  ingest.setAway(true);
  receiver.send(1162, inform);
  role.active = false;
  ingest.setAway(false);
  await until(() => ingest.frames().length === 3);
  expect(receiver.sent).toHaveLength(1);
  await reception.stop(10);
});

const ways = [
  ['one by one', false],
  ['in frames', true],
] as const;

it.each(ways)('takes nothing, and answers nobody, of a source that is not allowed (%s)', async (_how, framed) => {
  const stranger = await receiving(framed, ['198.51.100.0/24']);
  stranger.role.active = true;
  stranger.receiver.send(1162, inform, trap);
  let looks = 0;
  await stranger.until(() => ++looks > 5);
  expect([stranger.ingest.frames().length, stranger.receiver.sent.length]).toEqual([0, 0]);
  expect(stranger.reception.state()).toMatchObject({ received: { trap: 0 }, refused: { total: 2 } });
  await stranger.reception.stop(10);
});

it.each(ways)(
  'answers a discovery of version 3 while it is active, and never stores one (%s)',
  async (_how, framed) => {
    const nobody: SnmpAnswering = {
      open: () => ({ plain: null, fault: 'unknown user', problem: 'user' }),
      encrypt: () => null,
      digest: () => null,
    };
    const { ingest, receiver, reception, role, until } = await receiving(framed, [], nobody);
    // As net-snmp sends it: no engine, no user, a request without variables, and the flag that asks for a report.
    const discovery = Uint8Array.from(
      Buffer.from(
        '303e020103301102044b1d0a70020300ffe30401040201030410300e0400020100020100040004000400301404000400a00e02044a2b8c1e0201000201003000',
        'hex',
      ),
    );
    receiver.send(1162, discovery, trap);
    await until(() => ingest.frames().length === 1);
    expect(receiver.sent).toEqual([]);
    role.active = true;
    receiver.send(1162, discovery);
    await until(() => receiver.sent.length === 1);
    const answer = Buffer.from(receiver.sent[0]?.bytes ?? []).toString('hex');
    expect(answer).toContain(Buffer.from('hotstandby-c').toString('hex'));
    expect(answer).toContain('2b060106030f01010400');
    expect(reception.state().received.trap).toBe(1);
    await reception.stop(10);
  },
);
