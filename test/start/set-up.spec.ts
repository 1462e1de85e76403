import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimFolder, refuseForeignFolder, resetFolder } from '../../tools/pair/src/data-folder.ts';
import { loopbackAddresses } from '../../tools/pair/src/layout.ts';
import { availableBytes, memoryWarning } from '../../tools/setup/machine.mjs';

const start = path.resolve('tools/start.mjs');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hs-set-up-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('npm start', () => {
  it('lists its options where nothing is installed, on any Node', () => {
    execFileSync('cp', ['-r', path.resolve('tools/start.mjs'), path.resolve('tools/setup'), folder]);
    const text = execFileSync('node', [path.join(folder, 'start.mjs'), '--help'], { encoding: 'utf8' });
    expect(text).toContain('--profile NAME');
    expect(existsSync(path.join(folder, 'node_modules'))).toBe(false);
  });

  it.each([
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['--for', 'soon'], '--for must be a number'],
    [['--profile', 'quick'], '--profile must be one of fast, standard, classic'],
    [['--scenario', 'crash'], '--scenario belongs to npm run demo'],
    [['demo', '--for', '3'], '--for belongs to npm start'],
    [['--net', '10.0.0'], '--net must be 127.X.Y'],
  ])('refuses %j with exit code 2 and says why', (args, message) => {
    const { status, stderr } = spawnSync('node', [start, ...args], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain('Cure: ');
  });
});

describe('the data folder', () => {
  const addresses = loopbackAddresses('127.0.0');

  it('of somebody else is refused, so that --reset never empties a wrong one', () => {
    writeFileSync(path.join(folder, 'thesis.txt'), 'years of work');
    expect(() => refuseForeignFolder(folder)).toThrow('not made by a pair');
    expect(() => refuseForeignFolder(path.join(folder, 'new'))).not.toThrow();
  });

  it('asks for new keys when it is new and when the addresses are others', () => {
    expect(claimFolder(folder, addresses)).toBe(true);
    expect(claimFolder(folder, addresses)).toBe(false);
    expect(claimFolder(folder, loopbackAddresses('127.9.9'))).toBe(true);
    expect(() => refuseForeignFolder(folder)).not.toThrow();
  });

  it('keeps its lock when it is emptied', () => {
    claimFolder(folder, addresses);
    for (const name of ['pair.lock', 'old.txt']) writeFileSync(path.join(folder, name), '');
    mkdirSync(path.join(folder, 'a', 'data'), { recursive: true });
    resetFolder(folder);
    expect(readdirSync(folder)).toEqual(['pair.lock']);
  });
});

describe('memory', () => {
  it('is the smaller of what the machine has and what its control group allows', () => {
    const files: Record<string, string> = {
      '/proc/meminfo': 'MemTotal: 8000000 kB\nMemAvailable:    4194304 kB\n',
      '/sys/fs/cgroup/memory.max': `${2 ** 30}\n`,
      '/sys/fs/cgroup/memory.current': `${2 ** 28}\n`,
    };
    const read = (file: string) => files[file] ?? null;
    expect(availableBytes(read)).toBe(2 ** 30 - 2 ** 28);
    expect(memoryWarning(read)).toContain('Only 0.8 GB');
    files['/sys/fs/cgroup/memory.max'] = 'max\n';
    expect(availableBytes(read)).toBe(4 * 2 ** 30);
    expect(memoryWarning(read)).toBeNull();
    expect(memoryWarning(() => null)).toBeNull();
  });
});
