// What the benchmark asks of the kernel: processor time, memory and sockets of processes, and what else runs.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** The process and all its descendants. */
export function treeOf(pid: number): number[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).trim();
  return [pid, ...(children === '' ? [] : children.split(' ').map(Number).flatMap(treeOf))];
}

/** Processor time of all threads of the processes, in µs, by the scheduler's own counters. */
export function processorUs(pids: number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of listOf(`/proc/${pid}/task`)) {
      nanoseconds += Number(textOf(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0);
    }
  }
  return nanoseconds / 1000;
}

export function residentMiB(pids: number[]): number {
  return pids.reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0), 0) / 1024;
}

/** How many sockets are bound to the UDP port, and what the kernel dropped of theirs. */
export function socketsOn(port: number): { found: number; drops: number } {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let found = 0;
  let drops = 0;
  for (const file of ['/proc/net/udp', '/proc/net/udp6']) {
    for (const line of textOf(file).split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      if (!columns[1]?.endsWith(hex)) continue;
      found += 1;
      drops += Number(columns.at(-1));
    }
  }
  return { found, drops };
}

/** ms that a core has been busy since the machine started. */
export function coreBusyMs(core: number): number {
  const ticks = (textOf('/proc/stat').split('\n').find((line) => line.startsWith(`cpu${core} `)) ?? '').split(/\s+/).slice(1).map(Number);
  return (ticks.reduce((sum, value) => sum + value, 0) - (ticks[3] ?? 0) - (ticks[4] ?? 0)) * 10;
}

export const receiverCore = 0;
export const senderCore = 1;

let modest = false;

/** Nothing runs in front of what else does. */
export function modestly(): string[] {
  modest = true;
  return [];
}

/** A server that runs beside the receiver goes where the sender is. */
export function inFrontOn(core: number, pid: number): void {
  spawnSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
  if (process.getuid?.() !== 0 || modest) return;
  spawnSync('renice', ['-n', '-19', '-p', ...listOf(`/proc/${pid}/task`)], { stdio: 'ignore' });
  // Whoever made a session of its own (PostgreSQL's processes) is in an autogroup of its own.
  putGroupInFront(`/proc/${pid}/autogroup`);
}

/** Without this, autogroups give every session the same share and nice does nothing across them. */
function putGroupInFront(file: string): void {
  try {
    writeFileSync(file, '-19');
  } catch {
    // A kernel without autogroups needs nothing.
  }
}

/** Before its children: whoever may (root) runs in front of everything else. */
export function runInFront(): string[] {
  if (process.getuid?.() !== 0) return [];
  putGroupInFront('/proc/self/autogroup');
  return ['nice', '-n', '-19'];
}

/** The receivers ask for 16 MiB; most cannot force it. Gives what to do at the end. */
export function widenReceiveBuffers(): () => void {
  const file = '/proc/sys/net/core/rmem_max';
  const before = textOf(file).trim();
  if (Number(before) >= 33_554_432) return () => {};
  try {
    writeFileSync(file, '33554432');
    return () => writeFileSync(file, before);
  } catch {
    console.log(`net.core.rmem_max is ${before} and cannot be raised here: every receiver has a smaller buffer.`);
    return () => {};
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
