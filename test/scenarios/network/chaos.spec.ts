import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const chaos = (...words: string[]) => {
  const script = join(import.meta.dirname, 'chaos.ts');
  const args = ['--conditions=@hotstandby/source', '--disable-warning=ExperimentalWarning', script, ...words];
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
};

it('lists its options', () => {
  const { status, stdout } = chaos('--help');
  expect(status).toBe(0);
  expect(stdout).toContain('--seed S');
});

it.each([
  [['--seed', 'seven'], '--seed must be a whole number'],
  [['--for', 'soon'], '--for must be a time'],
  [['--profile', 'classic'], '--profile must be fast or standard'],
  [['--wild'], '--wild'],
])('starts nothing with %s', (words, why) => {
  const { status, stdout } = chaos(...words);
  expect(status).toBe(64);
  expect(stdout).toContain(why);
});
