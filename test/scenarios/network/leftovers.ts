// Whatever a run makes carries its mark: the id and the start of the process that made it. So a later run knows what a
// killed one has left, and touches nothing of one that lives.
import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, processEntry, signal } from '../../../tools/pair/src/process-table.ts';
import { outsideHome } from '../../../tools/pair/src/store/run-as.ts';
import { eventually } from '../../parts/eventually.ts';
import { ip } from './programs.ts';

const prefix = 'hsx';
const marked = /^hsx-(\d+)-(\d+)-/;

/** `hsx-<pid>-<start in clock ticks>`: of this process. */
export const mark = `${prefix}-${process.pid}-${processEntry(process.pid)?.startedAt ?? 0}`;

/** Ends and removes what runs that do not live any more have left. */
export async function removeLeftovers(): Promise<void> {
  const spaces = (await ip('netns', 'list')).split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const space of spaces.filter(isNobodys)) await removeNamespace(space);
  for (const name of readdirSync(tmpdir()).filter(isNobodys)) removeFolder(join(tmpdir(), name));
}

function isNobodys(name: string): boolean {
  const [, pid, startedAt] = marked.exec(name) ?? [];
  return pid !== undefined && !isAlive({ pid: Number(pid), startedAt: Number(startedAt) });
}

export async function pidsIn(namespace: string): Promise<number[]> {
  return (await ip('netns', 'pids', namespace)).split('\n').filter(Boolean).map(Number);
}

/** Ends what runs in a namespace of ours and takes the namespace away, with its ends of every cable. */
export async function removeNamespace(namespace: string): Promise<void> {
  await eventually(
    async () => {
      const pids = await pidsIn(namespace);
      for (const pid of pids) signal(pid, 'SIGKILL');
      return pids.length === 0;
    },
    10_000,
    `the end of what runs in ${namespace}`,
  );
  await ip('netns', 'del', namespace);
}

/** With the database that could not live in it. */
export function removeFolder(folder: string): void {
  rmSync(outsideHome(join(folder, 'pair', 'store', 'data')), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
