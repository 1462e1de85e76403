import { type ChildProcess, spawn } from 'node:child_process';
import type { Signer } from './signer.ts';

export interface NsupdateResult {
  /** Null: killed, because it took longer than the limit. */
  exitCode: number | null;
  stderr: string;
}

const refillAfterMs = 25;

/**
 * Over TCP (-v): a datagram that is sent again would meet the record that it has changed itself. Without a time-out of its own
 * (-t 0): its clock stands while it waits for input, so that it would take the wait for time without an answer, and send again.
 */
export const nsupdateArgs = ['-v', '-t', '0'];

/**
 * `nsupdate`, one of which always waits for its input: starting it costs tens of milliseconds, which a take-over need not
 * pay. Each does one transaction and ends. When this process is killed, the waiting one reads the end and ends.
 */
export class ReadyNsupdate {
  readonly #path: string;
  readonly #args: string[];
  readonly #signer: Signer;
  readonly #running = new Set<ChildProcess>();
  #waiting: ChildProcess | null = null;
  #refill: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(path: string, signer: Signer) {
    this.#path = path;
    this.#signer = signer;
    this.#args = [...nsupdateArgs, ...signer.args];
    this.#waiting = this.#start();
  }

  /** Runs one script to its end. Never throws. */
  async run(script: string, limitMs: number): Promise<NsupdateResult> {
    const ready = this.#waiting;
    this.#waiting = null;
    const child = ready && ready.exitCode === null && ready.signalCode === null ? ready : this.#start();
    const result = await ended(child, script, limitMs);
    this.#prepareSoon();
    return result;
  }

  /** The one that waits has read a key that may be an old one. */
  forget(): void {
    this.#waiting?.kill('SIGKILL');
    this.#waiting = null;
    this.#prepareSoon();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#refill) clearTimeout(this.#refill);
    const ends = [...this.#running].map((child) => new Promise((resolve) => child.once('close', resolve)));
    for (const child of this.#running) child.kill('SIGKILL');
    await Promise.all(ends);
  }

  #prepareSoon(): void {
    if (this.#refill || this.#closed) return;
    this.#refill = setTimeout(() => {
      this.#refill = null;
      this.#waiting ??= this.#start();
    }, refillAfterMs);
    this.#refill.unref();
  }

  #start(): ChildProcess {
    const env = { ...this.#signer.environment, LC_ALL: 'C' };
    const child = spawn(this.#path, this.#args, { stdio: ['pipe', 'ignore', 'pipe'], env });
    this.#running.add(child);
    const gone = () => {
      this.#running.delete(child);
      if (this.#waiting === child) this.#waiting = null;
    };
    child.once('error', gone).once('close', gone);
    child.stdin.on('error', () => {});
    return child;
  }
}

/** Gives it the script and waits for its end; killed after `limitMs`. Never throws. */
export function ended(child: ChildProcess, script: string, limitMs: number): Promise<NsupdateResult> {
  return new Promise((resolve) => {
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < 10_000) stderr += chunk.toString();
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    const end = (exitCode: number | null) => {
      clearTimeout(limit);
      resolve({ exitCode, stderr });
    };
    child.once('error', () => end(127)).once('close', (code) => end(code));
    child.stdin?.end(script);
  });
}
