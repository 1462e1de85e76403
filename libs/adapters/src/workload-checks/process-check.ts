import { readFile, stat } from 'node:fs/promises';
import type { WorkloadCheck } from '@hotstandby/ports';
import { told, type Looked } from './looked.ts';

interface Seen {
  pid: number;
  startTicks: string;
  writtenMs: number;
}

/**
 * The process whose id stands in the file runs (Linux: proc(5)). A zombie does not; nor does another process that got the
 * same id while the file stayed as it was.
 */
export function processCheck({ pidFile }: { pidFile: string }): WorkloadCheck {
  let seen: Seen | null = null;
  const bad = (what: string): Looked => ({ well: false, what });
  return {
    async look() {
      let pid: number;
      let writtenMs: number;
      try {
        const text = await readFile(pidFile, 'utf8');
        writtenMs = (await stat(pidFile)).mtimeMs;
        pid = Number(/^\s*(\d{1,9})\s*$/m.exec(text)?.[1]);
      } catch (error) {
        return bad(`${pidFile}: ${told(error)}`);
      }
      if (!(pid > 0)) return bad(`${pidFile}: no process id in it`);
      const now = await statOf(pid);
      if (!now || 'ZX'.includes(now.state)) return bad(`process ${pid} is gone`);
      const { startTicks } = now;
      if (seen?.pid === pid && seen.writtenMs === writtenMs && seen.startTicks !== startTicks)
        return bad(`process ${pid} is another one now`);
      seen = { pid, startTicks, writtenMs };
      return { well: true, what: `process ${pid} runs` };
    },
    close() {},
  };
}

/** Fields 3 and 22 of /proc/PID/stat; the name before them may have spaces and parentheses in it. */
async function statOf(pid: number): Promise<{ state: string; startTicks: string } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  const [state = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state, startTicks: rest[18] ?? '' };
}
