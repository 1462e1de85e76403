import type { Cancel, Clock } from '@hotstandby/ports';
import { MemoryLeaseStore } from '@hotstandby/testing/memory-lease-store';
import { TestPair, type TestNode } from '@hotstandby/testing/pair';
import { expect, it } from 'vitest';

/** A host's clocks over the true time: suspended it stands still but for its boot-time clock; its wall clock can be set. */
class HostClock implements Clock {
  readonly #true: Clock;
  #sleptMs = 0;
  #asleepSinceMs: number | null = null;
  #wallSetMs = 0;
  #waiting: (() => void)[] = [];
  /** A paused virtual machine: the boot-time clock stands still, too. */
  #bootStoodMs = 0;

  constructor(trueClock: Clock) {
    this.#true = trueClock;
  }

  monotonicMs(): number {
    return (this.#asleepSinceMs ?? this.#true.monotonicMs()) - this.#sleptMs;
  }
  bootMs(): number {
    return this.#true.monotonicMs() - this.#bootStoodMs;
  }
  wallMs(): number {
    return 1_700_000_000_000 + this.#true.monotonicMs() - this.#bootStoodMs + this.#wallSetMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const dueMs = this.monotonicMs() + delayMs;
    let cancelled = false;
    const check = () => {
      if (cancelled) return;
      if (this.#asleepSinceMs !== null) return void this.#waiting.push(check);
      const leftMs = dueMs - this.monotonicMs();
      if (leftMs > 1e-6) this.#true.after(leftMs, check);
      else run();
    };
    this.#true.after(delayMs, check);
    return () => void (cancelled = true);
  }

  every(periodMs: number, run: () => void): Cancel {
    let cancel: Cancel = () => {};
    let stopped = false;
    const next = () => {
      cancel = this.after(periodMs, () => {
        if (stopped) return;
        next();
        run();
      });
    };
    next();
    return () => {
      stopped = true;
      cancel();
    };
  }

  sleep(): void {
    this.#asleepSinceMs = this.#true.monotonicMs();
  }

  /** `paused`: no clock of the machine has noticed. */
  wake(how: 'suspended' | 'paused'): void {
    const sleptMs = this.#true.monotonicMs() - (this.#asleepSinceMs ?? 0);
    this.#sleptMs += sleptMs;
    if (how === 'paused') this.#bootStoodMs += sleptMs;
    this.#asleepSinceMs = null;
    for (const run of this.#waiting.splice(0)) run();
  }

  setWall(byMs: number): void {
    this.#wallSetMs += byMs;
  }
}

async function started(): Promise<{ pair: TestPair; a: TestNode; b: TestNode; clock: HostClock }> {
  const pair = new TestPair();
  const [a, b] = [pair.node('a'), pair.node('b')];
  const clock = new HostClock(pair.clock);
  await a.start({ clock, store: new MemoryLeaseStore(pair.tables, clock), link: pair.line.endOf('a') });
  await b.start();
  await pair.run(500);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  return { pair, a, b, clock };
}

const rolesOf = async (...nodes: TestNode[]) => Promise.all(nodes.map((node) => node.role()));
const told = (node: TestNode) => node.told.filter(({ type }) => type.startsWith('clock.'));

it('fences an active whose machine was suspended for less than a take-over takes, and lets a beat resume the reign', async () => {
  const { pair, a, b, clock } = await started();
  clock.sleep();
  pair.lineCut = true;
  await pair.run(100);
  clock.wake('suspended');
  pair.lineCut = false;
  await pair.run(200);
  expect(a.rules()).toEqual(['claim-never-held', 'fence-suspended', 'resume-reign']);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  expect(told(a)).toEqual([{ type: 'clock.suspended', data: { forMs: 100 } }]);
});

it('is active no longer within a beat of waking, when another node has taken over meanwhile', async () => {
  const { pair, a, b, clock } = await started();
  clock.sleep();
  pair.lineCut = true;
  await pair.run(1000);
  expect(await b.role()).toBe('active 2');
  clock.wake('suspended');
  let bothMs = 0;
  for (let ms = 0; ms < 300; ms++) {
    await pair.run(1);
    if (a.watch?.open() && b.watch?.open()) bothMs++;
  }
  // Its own clock cannot know before it is read: the guard of the store refuses what is begun until then.
  expect(bothMs).toBeLessThanOrEqual(41);
  expect(a.rules()).toContain('fence-suspended');
  expect((await rolesOf(a, b))[1]).toBe('active 2');
});

it('begins the waits of a standby anew when its machine was suspended', async () => {
  const pair = new TestPair();
  const [a, b] = [pair.node('a'), pair.node('b')];
  const clock = new HostClock(pair.clock);
  await a.start();
  await b.start({ clock, store: new MemoryLeaseStore(pair.tables, clock), link: pair.line.endOf('b') });
  await pair.run(500);
  a.kill();
  await pair.run(100);
  clock.sleep();
  await pair.run(100);
  clock.wake('suspended');
  await pair.run(150);
  expect(await b.role()).toBe('standby');
  await pair.run(120);
  expect(await b.role()).toBe('active 2');
});

it('confirms the grant by a beat when the wall clock is put forward, without an interruption', async () => {
  const { pair, a, clock } = await started();
  clock.setWall(3_600_000);
  for (let ms = 0; ms < 400; ms++) {
    await pair.run(1);
    expect(a.watch?.open()?.epoch).toBe(1);
  }
  expect(told(a)).toEqual([{ type: 'clock.stepped', data: { byMs: 3_600_000 } }]);
  expect(a.rules()).toEqual(['claim-never-held']);
});

it('only tells of a wall clock that is put back', async () => {
  const { pair, a, clock } = await started();
  a.store.fault = null;
  clock.setWall(-5000);
  await pair.run(300);
  expect(told(a)).toEqual([{ type: 'clock.stepped', data: { byMs: -5000 } }]);
  expect(a.rules()).toEqual(['claim-never-held']);
});

it('lets no promise renew a grant that a pause of the whole machine may have outlived: the node fences', async () => {
  const pair = new TestPair();
  const [a, b] = [pair.node('a'), pair.node('b')];
  const clock = new HostClock(pair.clock);
  const store = new MemoryLeaseStore(pair.tables, clock);
  await a.start({ clock, store, link: pair.line.endOf('a') });
  await b.start();
  await pair.run(500);
  store.fault = 'unreachable';
  await pair.run(300);
  expect(await rolesOf(a, b)).toEqual(['active 1', 'standby']);
  clock.setWall(10_000);
  await pair.run(300);
  expect(await rolesOf(a, b)).toEqual(['fenced', 'active 2']);
  store.fault = null;
  await pair.run(500);
  expect(await rolesOf(a, b)).toEqual(['standby', 'active 2']);
});
