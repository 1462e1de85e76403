import { execFile, type ExecFileException } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** `/usr/sbin` is on no ordinary user's PATH, and `HOTSTANDBY_PATH` leads to tools that set-up unpacked itself. */
function folders(): string[] {
  const given = [process.env['HOTSTANDBY_PATH'], process.env['PATH']].flatMap((path) => path?.split(delimiter) ?? []);
  return [...given, '/usr/sbin', '/sbin', '/usr/bin', '/bin'].filter((folder) => folder !== '');
}

/** The absolute path of a program, or null. */
export async function findTool(name: string): Promise<string | null> {
  for (const folder of folders()) {
    const path = join(folder, name);
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return path;
  }
  return null;
}

export interface ToolResult {
  /** Null: killed, because it took longer than the limit. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/**
 * What the host said when a program could not be started. Some reasons are thrown at once: EPERM for a program whose file
 * gives it a capability (Debian's `arping`) that this process may never have.
 */
export function startFault(error: unknown): string {
  const { code } = error as { code?: unknown };
  return code === 'EPERM' ? 'Operation not permitted' : error instanceof Error ? error.message : String(error);
}

/** Runs a program to its end. Never throws: a program that cannot be started is exit code 127 with the reason. */
export function runTool(path: string, args: string[], timeoutMs: number): Promise<ToolResult> {
  return new Promise((resolve) => {
    // English messages: some of them are told apart.
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16e6, env: { LC_ALL: 'C' } } as const;
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      if (!error) resolve({ exitCode: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr });
      else if (error.killed) resolve({ exitCode: null, stdout, stderr: `no end within ${timeoutMs} ms` });
      else resolve({ exitCode: 127, stdout, stderr: error.message });
    };
    try {
      execFile(path, args, options, done);
    } catch (error) {
      resolve({ exitCode: 127, stdout: '', stderr: startFault(error) });
    }
  });
}
