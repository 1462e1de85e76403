import { spawn } from 'node:child_process';

export interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end: no shell, bounded output, ended (TERM, then KILL) when `signal` fires or the time is up.
 * Rejects when it cannot be started or was told to stop.
 */
export function run(
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; input: string; signal: AbortSignal; limitMs: number },
): Promise<Ended> {
  options.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stopped: unknown = null;
    let kill: NodeJS.Timeout | undefined;
    const stop = (reason: unknown) => {
      stopped ??= reason ?? new Error('stopped');
      child.kill('SIGTERM');
      kill ??= setTimeout(() => child.kill('SIGKILL'), 2000);
    };
    const limit = setTimeout(() => stop(new Error(`not done after ${options.limitMs} ms`)), options.limitMs);
    const onAbort = () => stop(options.signal.reason);
    options.signal.addEventListener('abort', onAbort, { once: true });

    const kept = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        kept[stream] = (kept[stream] + text).slice(-65_536);
      });
    }
    // A child that ends before it has read everything is told of by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
    const done = () => {
      clearTimeout(limit);
      clearTimeout(kill);
      options.signal.removeEventListener('abort', onAbort);
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (exitCode) => {
      done();
      if (stopped) reject(stopped);
      else resolve({ exitCode, ...kept });
    });
  });
}
