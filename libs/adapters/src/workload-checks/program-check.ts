import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import type { WorkloadCheck } from '@hotstandby/ports';
import { withinLimit } from './limit.ts';
import { told } from './looked.ts';

const keptOutput = 500;

/**
 * The program ends with 0 within its time. It gets no shell and nothing of this process's environment but the PATH; the
 * first line that it writes is told. What it started itself ends with it.
 */
export function programCheck({ command, timeoutMs }: { command: readonly string[]; timeoutMs: number }): WorkloadCheck {
  let giveUp = () => {};
  const [program = '', ...args] = command;
  return {
    look() {
      const limited = withinLimit(timeoutMs, (settle) => {
        let said = '';
        const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8' };
        const child = spawn(program, args, { env, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
        const hear = (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, keptOutput));
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        const line = () =>
          said
            .split('\n')[0]
            ?.replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
            .trim() ?? '';
        child.once('error', (error) => settle({ well: false, what: `${program}: ${told(error)}` }));
        child.once('close', (code, signal) =>
          settle({ well: code === 0, what: line() || (signal ? `ended by ${signal}` : `exit code ${code}`) }),
        );
        if (child.pid !== undefined) asOthers(child.pid);
        return () => endGroup(child.pid);
      });
      giveUp = limited.giveUp;
      return limited.done;
    },
    close: () => giveUp(),
  };
}

/** The arbiter runs before everybody else; what it asks does not. */
function asOthers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_NORMAL);
  } catch {
    // It has ended already.
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}
