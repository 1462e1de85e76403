import type { ChildProcess } from 'node:child_process';
import { ReadyProgram } from './ready-program.ts';
import { runTool, type ToolResult } from './tools.ts';

/** `ip`, one of which always waits for its command. */
export class ReadyIp {
  readonly #path: string;
  readonly #ready: ReadyProgram;

  constructor(path: string) {
    this.#path = path;
    this.#ready = new ReadyProgram([path, '-batch', '-']);
  }

  /** Runs one command to its end, like `runTool`; without one that waits it starts one. Never throws. */
  run(args: string[], timeoutMs: number): Promise<ToolResult> {
    const child = this.#ready.take(args);
    return child ? ended(child, timeoutMs) : runTool(this.#path, args, timeoutMs);
  }

  close(): void {
    this.#ready.close();
  }
}

function ended(child: ChildProcess, timeoutMs: number): Promise<ToolResult> {
  return new Promise((resolve) => {
    let stderr = '';
    let late = false;
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < 10_000) stderr += chunk.toString();
    });
    const limit = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('close', (exitCode) => {
      clearTimeout(limit);
      const said = late ? `no end within ${timeoutMs} ms` : stderr.replace(/^Command failed -:\d+\n?/m, '');
      resolve({ exitCode, stdout: '', stderr: said });
    });
  });
}
