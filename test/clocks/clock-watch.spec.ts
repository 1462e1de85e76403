import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../parts/eventually.ts';

// The real clocks of this host. No machine can be suspended here; libfaketime puts this process's monotonic clock back, which
// leaves /proc/uptime, read from the kernel, as far ahead of it as a suspension would.
const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
let folder: string;
let child: ChildProcess | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotstandby-clocks-'));
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Lines that the watcher printed; `environment` is libfaketime's. */
async function watching(environment: Record<string, string>): Promise<unknown[]> {
  const lines: unknown[] = [];
  const script = join(import.meta.dirname, 'clock-watch.ts');
  const started = spawn(process.execPath, ['--conditions=@hotstandby/source', script], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  let rest = '';
  started.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => JSON.parse(part) as unknown));
  });
  await eventually(() => Promise.resolve(lines.includes('ready')), 20_000, 'a watcher that reads the clocks');
  return lines;
}

/** Replaced whole: an empty file, which a watcher may see while it is written anew, would be another time. */
async function shift(file: string, offset: string): Promise<void> {
  await writeFile(`${file}.new`, offset);
  await rename(`${file}.new`, file);
}

const faked = (file: string, more: Record<string, string> = {}) => ({
  LD_PRELOAD: library,
  FAKETIME_TIMESTAMP_FILE: file,
  FAKETIME_NO_CACHE: '1',
  ...more,
});

it('says nothing while the clocks go on as they should, though the process is stopped and goes on', async () => {
  const lines = await watching({});
  child?.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  child?.kill('SIGCONT');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(lines).toEqual(['ready']);
});

it.runIf(existsSync(library))('tells a step of the wall clock, and takes it for no suspension', async () => {
  const file = join(folder, 'offset');
  await shift(file, '+0');
  const lines = await watching(faked(file, { FAKETIME_DONT_FAKE_MONOTONIC: '1' }));
  await shift(file, '+1h');
  await eventually(() => Promise.resolve(lines.length > 1), 10_000, 'a step');
  const { suspendedMs, steppedMs } = lines[1] as { suspendedMs: number | null; steppedMs: number };
  expect(suspendedMs).toBeNull();
  expect(Math.abs(steppedMs - 3_600_000)).toBeLessThan(1000);
});

it.runIf(existsSync(library))(
  'tells a monotonic clock that fell behind the boot-time clock as a suspension',
  async () => {
    const file = join(folder, 'offset');
    await shift(file, '+0');
    const lines = await watching(faked(file));
    await shift(file, '-2');
    await eventually(() => Promise.resolve(lines.length > 1), 10_000, 'a suspension');
    const { suspendedMs } = lines[1] as { suspendedMs: number };
    expect(Math.abs(suspendedMs - 2000)).toBeLessThan(500);
  },
);
