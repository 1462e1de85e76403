import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { systemClock } from './index.ts';

it('never calls back before the time, not by a fraction of a millisecond', async () => {
  const early: number[] = [];
  const timers = Array.from({ length: 300 }, (_, index) => {
    const delayMs = 1 + (index % 40) + (index % 7) / 7;
    const startMs = systemClock.monotonicMs();
    return new Promise<void>((resolve) => {
      systemClock.after(delayMs, () => {
        const leftMs = startMs + delayMs - systemClock.monotonicMs();
        if (leftMs > 0) early.push(leftMs);
        resolve();
      });
    });
  });
  await Promise.all(timers);
  expect(early).toEqual([]);
});

it('calls nobody back who has cancelled', async () => {
  let called = false;
  systemClock.after(1, () => (called = true))();
  await new Promise<void>((resolve) => systemClock.after(10, resolve));
  expect(called).toBe(false);
});

it.skipIf(process.getuid?.() !== 0 || autogroup() === null)(
  'raises the session that it leads, and leaves the session of somebody else as it is',
  () => {
    const before = autogroup();
    const script = `import { raisePriority } from '@hotstandby/adapters/system'; import { readFileSync } from 'node:fs';
      process.stdout.write(String(raisePriority()) + ' ' + readFileSync('/proc/self/autogroup', 'utf8').trim());`;
    const node = ['--conditions=@hotstandby/source', '--input-type=module', '-e', script];
    const said = (leads: boolean) =>
      spawnSync(leads ? 'setsid' : process.execPath, leads ? ['-w', process.execPath, ...node] : node, {
        cwd: import.meta.dirname,
        encoding: 'utf8',
        timeout: 20_000,
      }).stdout;
    expect(said(true)).toMatch(/^true \S+ nice -14$/);
    expect(said(false)).toBe(`true ${before}`);
    expect(autogroup()).toBe(before);
  },
);

/** "/autogroup-12 nice 0"; null: a kernel without. */
function autogroup(): string | null {
  try {
    return readFileSync('/proc/self/autogroup', 'utf8').trim();
  } catch {
    return null;
  }
}
