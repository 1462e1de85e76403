import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Also the folders that an ordinary PATH leaves out, and those of `npm test`. */
export const searchPath = [process.env['HOTSTANDBY_PATH'], process.env['PATH'], '/usr/sbin', '/sbin']
  .filter(Boolean)
  .join(':');
const env = { ...process.env, PATH: searchPath };

/** Runs a program to its end; its output. Throws with its stderr. */
export async function sh(...[program = '', ...args]: string[]): Promise<string> {
  return (await run(program, args, { env, timeout: 10_000 })).stdout;
}

export const ip = (...args: string[]): Promise<string> => sh('ip', ...args);

/** In a network namespace: put in front of a program. */
export const inside = (namespace: string): string[] => ['nsenter', `--net=/run/netns/${namespace}`, '--'];

/** Gives a program its whole input. Throws with its stderr. */
export function feed(input: string, ...[program = '', ...args]: string[]): void {
  execFileSync(program, args, { env, input, timeout: 10_000, stdio: ['pipe', 'ignore', 'pipe'] });
}

const libraries = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/local/lib'];

/** libfaketime, from Debian's package `faketime`; null: clocks are left alone. */
export function clockLibrary(): string | null {
  const files = libraries.map((folder) => `${folder}/faketime/libfaketimeMT.so.1`);
  return files.find((file) => existsSync(file)) ?? null;
}

/** Why pairs in network namespaces cannot be made here; null: they can. */
export function missing(): string | null {
  if (process.getuid?.() !== 0) return 'needs root: it makes network namespaces';
  for (const program of ['ip', 'nft', 'nsenter', 'arping', 'nats-server', 'python3']) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { env, stdio: 'ignore' });
    } catch {
      return `needs ${program}`;
    }
  }
  const probe = `hsx-probe-${process.pid}`;
  try {
    execFileSync('ip', ['netns', 'add', probe], { env, stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', probe], { env, stdio: 'pipe' });
    return null;
  } catch (error) {
    return `needs network namespaces: ${String(error).split('\n')[0]}`;
  }
}
