import type { Emit } from '@hotstandby/contracts';
import { ManualClock } from '@hotstandby/testing/manual-clock';
import { expect, it } from 'vitest';
import { StaleWatch, type StaleWatchParts } from './index.ts';

const addresses = ['192.0.2.100/24'];
const name = 'service.example.test';
const hostname = { mode: 'hostname', name, zone: 'example.test', ttlSeconds: 30, servers: ['192.0.2.53'] } as const;

function watch(binding: StaleWatchParts['binding']) {
  const clock = new ManualClock();
  const role = { active: false };
  const told: unknown[] = [];
  const emit: Emit = async (type, data) => void told.push({ type, ...data });
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const stale = new StaleWatch({ clock, emit, log, binding, isActive: () => role.active });
  const heard = (count = 1) => stale.see([{ source: '192.0.2.7', via: 'syslog', count }]);
  return { clock, role, told, stale, heard };
}

it('gives what is on its way five seconds, and a name its TTL besides', async () => {
  for (const [binding, graceMs] of [
    [{ mode: 'vip', addresses, interface: 'auto' }, 5000],
    [{ ...hostname, servers: [...hostname.servers] }, 35_000],
  ] as const) {
    const { clock, role, told, stale, heard } = watch(binding as StaleWatchParts['binding']);
    role.active = true;
    heard();
    await clock.advance(100_000);
    heard();
    role.active = false;
    heard();
    await clock.advance(graceMs - 1);
    heard();
    expect(stale.report()).toBeNull();
    await clock.advance(1);
    heard(2);
    heard(3);
    expect(stale.report()).toMatchObject({ senders: [{ source: '192.0.2.7', via: 'syslog', count: 5 }], more: 0 });
    const instead = binding.mode === 'vip' ? addresses : [name];
    expect(told).toMatchObject([{ type: 'sender.stale', source: '192.0.2.7', count: 2, instead }]);
    await clock.advance(3_600_000);
    heard();
    expect(told).toHaveLength(2);
    role.active = true;
    expect(stale.report()).toBeNull();
  }
});
