import { ManualClock } from '@hotstandby/testing/manual-clock';
import type { Metrics } from '@hotstandby/ports';
import { expect, it } from 'vitest';
import { Doorkeeper } from './doorkeeper.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

function doorkeeper(sources: string[], syslogPerSecond = 0) {
  const clock = new ManualClock();
  const events: unknown[] = [];
  const counted: Record<string, number> = {};
  const metrics: Metrics = {
    counter: () => ({
      add(by = 1, labels = {}) {
        const name = Object.values(labels).join(' ');
        counted[name] = (counted[name] ?? 0) + by;
      },
    }),
    gauge: () => ({ set() {} }),
    histogram: () => ({ observe() {} }),
  };
  const door = new Doorkeeper({
    config: {
      sources: { syslog: sources, traps: [], flows: [] },
      sourceLimits: { syslogPerSecond, trapsPerSecond: 0, flowsPerSecond: 0, burstSeconds: 2 },
    },
    clock,
    log,
    metrics,
    emit: async (type, data) => void events.push({ type, ...data }),
  });
  door.start();
  return { door, clock, events, counted };
}

it('takes what the list allows, counts the rest, and tells it once an hour', async () => {
  const { door, clock, events, counted } = doorkeeper(['192.0.2.0/24']);
  expect([door.isOpen('syslog'), door.isOpen('trap')]).toEqual([false, true]);
  expect([door.admits('syslog', '192.0.2.9'), door.admits('trap', '198.51.100.1')]).toEqual([true, true]);
  for (let count = 0; count < 5; count++) expect(door.admits('syslog', '198.51.100.1')).toBe(false);
  await clock.advance(3000);
  const told = { type: 'collector.refused', kind: 'syslog', source: '198.51.100.1', reason: 'not allowed' };
  expect(events).toEqual([{ ...told, count: 5 }]);
  for (let minute = 0; minute < 59; minute++) {
    door.admits('syslog', '198.51.100.1');
    await clock.advance(60_000);
  }
  expect(events).toHaveLength(1);
  await clock.advance(60_000);
  expect(events[1]).toEqual({ ...told, count: 59 });
  expect(counted).toEqual({ 'syslog not allowed': 64 });
  expect(door.state()).toMatchObject({ total: 64, largest: [{ source: '198.51.100.1', total: 64 }] });
});

it('holds senders with connections to the same rate, without losing what they sent', async () => {
  const { door, clock, events } = doorkeeper([], 10);
  const senders = door.senders('syslog');
  expect(senders.holdBackMs('192.0.2.1', 20)).toBe(0);
  expect(senders.holdBackMs('192.0.2.1', 10)).toBe(1000);
  await clock.advance(1000);
  expect(senders.holdBackMs('192.0.2.1', 0)).toBe(0);
  // Over UDP the same source has used up what it may send.
  expect(door.admits('syslog', '192.0.2.1')).toBe(false);
  await clock.advance(3000);
  expect(events).toMatchObject([{ reason: 'too many', count: 1 }]);
});
