import { readFileSync, readdirSync } from 'node:fs';

/** A process whose command line has every one of these words (as whole arguments, or as the end of one). */
export function pidsWith(...words: string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const args = argumentsOf(pid);
      return pid !== process.pid && words.every((word) => args.some((arg) => arg === word || arg.endsWith(`/${word}`)));
    });
}

/** Sends a signal to a process that may have ended meanwhile. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
