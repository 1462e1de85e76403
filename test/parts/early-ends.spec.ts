// A pair that cannot come up is not waited for.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { ProcessRecord } from '../../tools/pair/src/leftovers.ts';
import { Supervisor } from '../../tools/pair/src/supervisor.ts';
import { EarlyEnds } from './early-ends.ts';
import { eventually, Hopeless } from './eventually.ts';
import { startServiceProcess } from './service-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'hs-early-'));
const longMs = 60_000;
let supervisor: Supervisor | null = null;
afterEach(async () => {
  await supervisor?.killAll();
  rmSync(folder, { recursive: true, force: true });
});

function supervised(...words: string[]): EarlyEnds {
  const early = new EarlyEnds();
  supervisor = new Supervisor(new ProcessRecord(join(folder, 'run')), (line) => early.hear(line));
  const logFile = join(folder, 'arbiter.log');
  supervisor.add('a', {
    ...{ name: 'a/arbiter', program: process.execPath, args: words, logFile, stopSignal: 'SIGTERM' },
    env: { PATH: process.env['PATH'] ?? '' },
  });
  supervisor.start('a');
  return early;
}

const neverWhole = (early: EarlyEnds) => eventually(() => early.check(), longMs, 'a whole pair');

it('fails as soon as a part ends again and again, with how it ended and what it said last', async () => {
  const early = supervised('-e', 'console.error("HS_DATA_LOCKED: another process has it"); process.exit(75)');
  const beganMs = performance.now();
  await expect(neverWhole(early)).rejects.toThrow(
    /^a\/arbiter ended 3 times \(exit code 75\); .*arbiter\.log says:\n(HS_DATA_LOCKED: another process has it\n?){3,}$/,
  );
  expect(performance.now() - beganMs).toBeLessThan(longMs / 2);
});

it('names the bundle that is missing', async () => {
  const main = join(folder, 'apps', 'arbiter', 'bundle', 'main.mjs');
  await expect(neverWhole(supervised(main))).rejects.toThrow(`Cannot find module '${main}'`);
  expect(() => startServiceProcess(main, 'node.yaml')).toThrow(`${main} is missing: npm run build`);
});

it('goes on waiting while it may still come', async () => {
  let looks = 0;
  const early = new EarlyEnds();
  early.hear('a/arbiter ended (exit code 75) and is started again; its log: arbiter.log');
  await eventually(() => {
    early.check();
    if (++looks < 3) throw new Error('not yet');
    return true;
  });
  await expect(eventually(() => Promise.reject(new Hopeless('over')), longMs)).rejects.toThrow('over');
});
