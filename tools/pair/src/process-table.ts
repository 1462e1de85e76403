import { readFileSync, readdirSync } from 'node:fs';

/** One process as /proc shows it. `startedAt` (clock ticks since boot) tells it from a later one with the same id. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  session: number;
  state: string;
  startedAt: number;
}

/** Null when it is gone. See proc_pid_stat(5). */
export function processEntry(pid: number): ProcessEntry | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name is in parentheses and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      state: fields[0] ?? '?',
      parent: Number(fields[1]),
      session: Number(fields[3]),
      startedAt: Number(fields[19]),
    };
  } catch {
    return null;
  }
}

export function allProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processEntry(Number(name)) ?? []);
}

/** Zombies have ended: they only wait for their parent to notice. */
export function isAlive(known: { pid: number; startedAt: number }): boolean {
  const entry = processEntry(known.pid);
  return entry !== null && entry.startedAt === known.startedAt && entry.state !== 'Z';
}

/** Every living process of the table that is a root, in a root's session, or descends from one of those. */
export function familyOf(roots: ReadonlySet<number>, table: ProcessEntry[]): ProcessEntry[] {
  const family = new Map<number, ProcessEntry>();
  let grown = true;
  while (grown) {
    grown = false;
    for (const entry of table) {
      if (family.has(entry.pid) || entry.state === 'Z') continue;
      if (roots.has(entry.pid) || roots.has(entry.session) || roots.has(entry.parent) || family.has(entry.parent)) {
        family.set(entry.pid, entry);
        grown = true;
      }
    }
  }
  return [...family.values()];
}

/** Processes whose environment holds `entry` (`NAME=value`): also those whose parents are gone. Only own ones can be read. */
export function processesMarked(entry: string): ProcessEntry[] {
  const needle = Buffer.from(`${entry}\0`);
  return allProcesses().filter((process_) => {
    try {
      return readFileSync(`/proc/${process_.pid}/environ`).includes(needle);
    } catch {
      return false;
    }
  });
}

/** False when it was gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
