import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, renameSync } from 'node:fs';
import path from 'node:path';
import { allProcesses, signal } from './process-table.ts';

export interface PartSpec {
  /** `a/collector`, `store/postgres`: unique in the pair. */
  name: string;
  program: string;
  args: string[];
  env: Record<string, string>;
  logFile: string;
  /** SIGINT is PostgreSQL's fast shutdown; the others take SIGTERM. */
  stopSignal: 'SIGTERM' | 'SIGINT';
  cwd?: string;
}

export interface PartWatcher {
  started(part: Part, pid: number): void;
  ended(part: Part, pid: number, how: string): void;
}

const firstDelayMs = 100;
const longestDelayMs = 5000;
/** Who ran this long was well: the next fault starts at the first delay again. */
const wellAfterMs = 10_000;
const longestLogBytes = 20 * 2 ** 20;

/** The wait before the n-th restart in a row: 100 ms doubled up to 5 s. */
export function restartDelayMs(restartsInARow: number): number {
  return Math.min(firstDelayMs * 2 ** restartsInARow, longestDelayMs);
}

/** One process of the pair, leader of its own session, with a log file; started again by itself while it is wanted. */
export class Part {
  readonly spec: PartSpec;
  readonly #watcher: PartWatcher;
  #child: ChildProcess | null = null;
  #wanted = false;
  #restartsInARow = 0;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | null = null;
  restarts = 0;

  constructor(spec: PartSpec, watcher: PartWatcher) {
    this.spec = spec;
    this.#watcher = watcher;
  }

  /** Of the running process, else null. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#restartsInARow = 0;
    if (!this.#child) this.#spawn();
  }

  /** Not started again by itself from now on; what runs goes on running. */
  abandon(): void {
    this.#wanted = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Asks it to end, and ends it after `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.abandon();
    const child = this.#child;
    if (!child?.pid) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    signal(child.pid, this.spec.stopSignal);
    // A frozen process takes no signal but this one and SIGKILL.
    signal(child.pid, 'SIGCONT');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
  }

  /** Resolves when no process of it runs (a killed one is noticed a moment later). */
  async gone(): Promise<void> {
    const child = this.#child;
    if (child) await new Promise<void>((resolve) => child.once('exit', () => resolve()));
  }

  #spawn(): void {
    const { spec } = this;
    const log = openLog(spec.logFile);
    this.#startedAtMs = performance.now();
    const child = spawn(spec.program, spec.args, {
      // A session of its own: a terminal's Ctrl-C does not reach it, and all of it can be signalled at once.
      detached: true,
      stdio: ['ignore', log, log],
      env: spec.env,
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    });
    closeSync(log);
    this.#child = child;
    if (child.pid) this.#watcher.started(this, child.pid);
    child.once('error', (error) => {
      // It never ran: there will be no 'exit'.
      if (!child.pid) this.#ended(child, 0, `cannot be started: ${error.message}`);
    });
    child.once('exit', (code, endedBy) => this.#ended(child, child.pid ?? 0, endedBy ?? `exit code ${code}`));
  }

  #ended(child: ChildProcess, pid: number, how: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    // What it started and left behind (an sshd) would hold its ports against its next life.
    if (pid > 0) for (const entry of allProcesses()) if (entry.session === pid) signal(entry.pid, 'SIGKILL');
    this.#watcher.ended(this, pid, how);
    if (!this.#wanted) return;
    if (performance.now() - this.#startedAtMs > wellAfterMs) this.#restartsInARow = 0;
    const delay = restartDelayMs(this.#restartsInARow++);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.restarts++;
      this.#spawn();
    }, delay);
  }
}

/** Appends; a log that has grown too large makes room for a new one at a start. */
function openLog(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true });
  const log = openSync(file, 'a', 0o640);
  if (fstatSync(log).size < longestLogBytes) return log;
  closeSync(log);
  renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o640);
}
