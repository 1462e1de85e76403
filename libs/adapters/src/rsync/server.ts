import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { CodedError } from '@hotstandby/contracts';
import type { Logger } from '@hotstandby/ports';
import { serverFault } from './faults.ts';

export interface ServerCommand {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  configFile: string;
  pidFile: string;
  /** `127.0.0.11 port 10022`, for messages. */
  where: string;
}

const firstRetryMs = 500;
const lastRetryMs = 30_000;

/** Keeps one sshd running: started again, with back-off, whenever it ends. */
export class SshServer {
  readonly #command: ServerCommand;
  readonly #log: Logger;
  readonly #onState: (fault: CodedError | null) => void;
  #child: ChildProcess | null = null;
  #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(command: ServerCommand, log: Logger, onState: (fault: CodedError | null) => void) {
    this.#command = command;
    this.#log = log;
    this.#onState = onState;
  }

  /** Resolves when it listens, or when the first try has failed (`onState` was told, and it goes on trying). */
  async start(): Promise<void> {
    await endLeftover(this.#command, this.#log);
    await new Promise<void>((firstTry) => {
      this.#ended = this.#keepRunning(firstTry);
    });
  }

  /** Ends sshd and the transfers that it serves. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await rm(this.#command.pidFile, { force: true });
  }

  async #keepRunning(firstTry: () => void): Promise<void> {
    let retryMs = firstRetryMs;
    while (!this.#stop.signal.aborted) {
      const startedAtMs = performance.now();
      const said = await this.#runOnce(firstTry);
      if (this.#stop.signal.aborted) break;
      if (performance.now() - startedAtMs > lastRetryMs) retryMs = firstRetryMs;
      this.#onState(serverFault(said, this.#command.where));
      firstTry();
      await delay(retryMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      retryMs = Math.min(retryMs * 2, lastRetryMs);
    }
    firstTry();
  }

  /** Returns what it said at last. */
  async #runOnce(listening: () => void): Promise<string> {
    const child = spawn(this.#command.command, this.#command.args, {
      cwd: '/',
      env: this.#command.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    const lines: string[] = [];
    const ended = new Promise<void>((resolve) => {
      child.on('error', (error) => {
        lines.push(error.message);
        resolve();
      });
      // Not `close`: a session that outlives sshd holds its stderr open.
      child.on('exit', () => resolve());
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 20) lines.shift();
      this.#log.debug('sshd', { line });
      if (line.startsWith('Server listening on')) {
        this.#onState(null);
        listening();
      }
    });
    const onStop = () => void endTree(child.pid, () => child.exitCode === null && child.signalCode === null);
    this.#stop.signal.addEventListener('abort', onStop, { once: true });
    if (this.#stop.signal.aborted) onStop();
    await ended;
    await delay(20);
    this.#stop.signal.removeEventListener('abort', onStop);
    child.stderr.destroy();
    this.#child = null;
    return lines.join('\n');
  }

  /** The pid of sshd while it runs. */
  pid(): number | null {
    return this.#child?.pid ?? null;
  }
}

/** Sessions have left sshd's process group, so they are found by their parents. */
async function endTree(root: number | undefined, runs: () => boolean | Promise<boolean>): Promise<void> {
  if (root === undefined) return;
  const pids = [root];
  for (const pid of pids) pids.push(...(await childrenOf(pid)));
  for (const pid of pids) send(pid, 'SIGTERM');
  await delay(2000, undefined, { ref: false });
  if (await runs()) send(root, 'SIGKILL');
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** An sshd that a killed run of this node left behind: ours when its command line names our configuration file. */
async function endLeftover(command: ServerCommand, log: Logger): Promise<void> {
  const pid = Number((await readFile(command.pidFile, 'utf8').catch(() => '')).trim());
  if (!Number.isInteger(pid) || pid <= 1) return;
  const isOurs = async () =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').includes(command.configFile);
  if (!(await isOurs())) return;
  log.warn('a former run left its sshd behind; it is ended', { pid });
  void endTree(pid, isOurs);
  for (let tries = 0; tries < 60 && (await isOurs()); tries++) await delay(50);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
