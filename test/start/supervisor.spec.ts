import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endLeftovers, markName, ProcessRecord } from '../../tools/pair/src/leftovers.ts';
import { type PartSpec, restartDelayMs } from '../../tools/pair/src/part.ts';
import { isAlive, processEntry } from '../../tools/pair/src/process-table.ts';
import { Supervisor } from '../../tools/pair/src/supervisor.ts';

let folder: string;
let supervisor: Supervisor;
let record: ProcessRecord;
let told: string[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hs-supervisor-'));
  told = [];
  record = new ProcessRecord(path.join(folder, 'run'));
  supervisor = new Supervisor(record, (line) => told.push(line));
});

afterEach(async () => {
  await supervisor.killAll();
  await endLeftovers(record, folder);
  rmSync(folder, { recursive: true, force: true });
});

/** A stand-in for a service: writes its own and its child's id, the child in a session of its own as sshd's are. */
const withChild = (pids: string, onTerm = 'process.exit(0)') => `
  const { spawn } = require('node:child_process'); const { writeFileSync } = require('node:fs');
  process.on('SIGTERM', () => { ${onTerm} });
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  writeFileSync(${JSON.stringify(pids)} + '.new', process.pid + ' ' + child.pid);
  require('node:fs').renameSync(${JSON.stringify(pids)} + '.new', ${JSON.stringify(pids)});
  setInterval(() => {}, 1000);`;

const part = (name: string, script: string): PartSpec => ({
  name,
  program: process.execPath,
  args: ['-e', script],
  env: { ...(process.env as Record<string, string>), [markName]: folder },
  logFile: path.join(folder, `${name.replace('/', '-')}.log`),
  stopSignal: 'SIGTERM',
});

async function until<Result>(what: string, look: () => Result | null | undefined | false): Promise<Result> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function pidsIn(file: string) {
  const text = await until(file, () => existsSync(file) && readFileSync(file, 'utf8'));
  return text.split(' ').map((pid) => {
    const entry = processEntry(Number(pid));
    if (!entry) throw new Error(`${pid} is gone`);
    return entry;
  });
}

describe('restart', () => {
  it('waits 100 ms, doubled up to 5 s', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map(restartDelayMs)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('starts a single dead part again by itself, and says so', async () => {
    const pids = path.join(folder, 'pids');
    const one = supervisor.add('a', part('a/one', withChild(pids)));
    const other = supervisor.add('a', part('a/other', 'setInterval(() => {}, 1000)'));
    supervisor.start('a');
    await pidsIn(pids);
    const [before, otherBefore] = [one.pid, other.pid];
    process.kill(before ?? 0, 'SIGKILL');
    await until('the restart', () => one.pid !== null && one.pid !== before);
    expect(one.restarts).toBe(1);
    expect(other.pid).toBe(otherBefore);
    expect(told.join()).toContain('a/one ended (SIGKILL)');
  });

  it('waits longer after each of several early ends', async () => {
    const times = path.join(folder, 'times');
    const script = `require('node:fs').appendFileSync(${JSON.stringify(times)}, Date.now() + '\\n')`;
    supervisor.add('a', part('a/short', script));
    supervisor.start('a');
    const lines = await until('four starts', () => {
      const found = existsSync(times) ? readFileSync(times, 'utf8').trim().split('\n') : [];
      return found.length >= 4 && found.map(Number);
    });
    const gaps = lines.slice(1).map((time, index) => time - (lines[index] ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(99);
    expect(gaps[2]).toBeGreaterThanOrEqual(399);
  });
});

describe('a node', () => {
  it('is killed with all its descendants and stays dead; the other goes on', async () => {
    const [onA, onB] = [path.join(folder, 'a'), path.join(folder, 'b')];
    const killed = supervisor.add('a', part('a/one', withChild(onA)));
    supervisor.add('b', part('b/one', withChild(onB)));
    supervisor.start('a');
    supervisor.start('b');
    const [a, b] = [await pidsIn(onA), await pidsIn(onB)];
    await supervisor.kill('a');
    expect(a.map(isAlive)).toEqual([false, false]);
    expect(b.map(isAlive)).toEqual([true, true]);
    expect(killed.pid).toBeNull();
    expect(supervisor.state('a')).toBe('killed');
    // The longest first delay is over and nothing came back.
    await new Promise((resolve) => setTimeout(resolve, restartDelayMs(0) * 3));
    expect(killed.pid).toBeNull();
    supervisor.start('a');
    await until('its new life', () => killed.pid);
  });

  it('is frozen with all its descendants, and goes on where it was', async () => {
    const pids = path.join(folder, 'pids');
    supervisor.add('a', part('a/one', withChild(pids)));
    supervisor.start('a');
    const entries = await pidsIn(pids);
    const states = () => entries.map(({ pid }) => processEntry(pid)?.state);
    supervisor.freeze('a');
    await until('both stopped', () => states().every((state) => state === 'T'));
    supervisor.thaw('a');
    await until('both running', () => states().every((state) => state !== 'T'));
    expect(entries.map(isAlive)).toEqual([true, true]);
  });
});

describe('the end', () => {
  it('leaves nothing, not even the child of a frozen part or one in a session of its own', async () => {
    const [onA, onB] = [path.join(folder, 'a'), path.join(folder, 'b')];
    supervisor.add('a', part('a/server', 'setInterval(() => {}, 1000)'));
    supervisor.add('a', part('a/one', withChild(onA)));
    supervisor.add('b', part('b/one', withChild(onB)));
    supervisor.start('a');
    supervisor.start('b');
    const all = [...(await pidsIn(onA)), ...(await pidsIn(onB))];
    supervisor.freeze('b');
    await supervisor.stop([['a', 'b']]);
    expect(all.map(isAlive)).toEqual([false, false, false, false]);
    expect(record.read()).toEqual([]);
  });

  it('does not wait for the stubborn when asked twice', async () => {
    const pids = path.join(folder, 'pids');
    supervisor.add('a', part('a/stubborn', withChild(pids, '')));
    supervisor.start('a');
    const entries = await pidsIn(pids);
    const begun = performance.now();
    const asked = supervisor.stop([['a']]);
    await supervisor.killAll();
    await asked;
    expect(performance.now() - begun).toBeLessThan(4000);
    expect(entries.map(isAlive)).toEqual([false, false]);
  });
});

describe('leftovers of a launcher that was killed', () => {
  it('are ended by the next one, and nobody else is', async () => {
    const pids = path.join(folder, 'pids');
    supervisor.add('a', part('a/one', withChild(pids)));
    supervisor.start('a');
    const left = await pidsIn(pids);
    // An id that was written down and belongs to somebody else by now: this very process.
    const stale = { pid: process.pid, startedAt: 1 };
    const next = new ProcessRecord(path.join(folder, 'run'));
    const file = path.join(folder, 'run', 'processes.json');
    const written = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
    writeFileSync(file, JSON.stringify([...written, stale]));
    // The launcher is gone: nothing restarts what dies.
    await supervisor.kill('b');
    const ending = endLeftovers(next, folder);
    expect(await ending).toBeGreaterThanOrEqual(2);
    expect(left.map(isAlive)).toEqual([false, false]);
    expect(processEntry(process.pid)).not.toBeNull();
  });
});
