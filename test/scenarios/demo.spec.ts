import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownNetwork, pairCommand } from './running-pair.ts';

/** The demo's exit code when a take-over came by itself before or after the fault: the machine stalled. */
const movedByItself = 75;

interface Report {
  takeoverMs: number | null;
  epochs: number[];
  kinds: Record<
    'syslog' | 'trap' | 'flow',
    { sent: number; stored: number; doubled: number; lostInGap: number; lost: number }
  >;
}

/** No promise about speed: this says only that the new active did not sit there until something else woke it. */
const generousMs = 3000;

/** `npm run demo -- --scenario S --profile fast --json`, as a person would, with what it said besides. */
function runDemo(scenario: string, data: string): Promise<{ code: number; out: string; err: string }> {
  const { program, args, options } = pairCommand([
    ...['demo', '--scenario', scenario, '--profile', 'fast', '--json', '--net', ownNetwork(), '--data', data],
  ]);
  return new Promise((resolve) => {
    execFile(program, args, { ...options, timeout: 240_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
    );
  });
}

describe('npm run demo', () => {
  it.each(['crash', 'switchover', 'freeze'])(
    'reports for %s two epochs, nothing lost and nothing doubled',
    async (scenario) => {
      const folder = mkdtempSync(join(tmpdir(), 'hotstandby-demo-spec-'));
      let { code, out, err } = await runDemo(scenario, join(folder, 'pair'));
      // `fast` has 150 ms in hand: a busy machine may take longer to give a process its turn. Said, and tried again.
      for (let again = 1; code === movedByItself && again <= 2; again++) {
        console.log(`${scenario}: the roles moved by themselves; again\n${err}\n${out}`);
        ({ code, out, err } = await runDemo(scenario, join(folder, `pair-${again}`)));
      }
      expect(code, `${err}\n${out}\nlogs in ${folder}`).toBe(0);
      const report = JSON.parse(out) as Report;
      console.log(`${scenario}: ${JSON.stringify(report)}`);
      expect(report.epochs).toHaveLength(2);
      expect(report.takeoverMs).toBeGreaterThan(0);
      expect(report.takeoverMs).toBeLessThan(generousMs);
      for (const kind of ['syslog', 'trap', 'flow'] as const) {
        const { sent, stored, doubled, lostInGap, lost } = report.kinds[kind];
        expect({ kind, doubled, lost, lostInGap }).toEqual({ kind, doubled: 0, lost: 0, lostInGap: 0 });
        expect(sent).toBeGreaterThan(100);
        expect(stored).toBe(sent);
      }
      rmSync(folder, { recursive: true, force: true });
    },
    750_000,
  );
});
