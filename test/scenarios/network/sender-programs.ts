// Programs that send telemetry, as people use them, on the client's machine: some run all the time, others once for each message.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { searchPath } from './programs.ts';

/** One message of a program that is started for each. Times are of the wall clock. */
export interface Attempt {
  number: number;
  beganMs: number;
  endedMs: number;
  /** Its exit code; null: it was killed. */
  code: number | null;
}

/** An inform that nobody answers takes the longest: 21 s. */
const finishWithinMs = 30_000;
const env = { PATH: searchPath, LC_ALL: 'C' };

/** The program's file, or null. Daemons are in folders that an ordinary PATH leaves out. */
export function findProgram(name: string): string | null {
  for (const folder of searchPath.split(delimiter)) {
    try {
      accessSync(join(folder, name));
      return join(folder, name);
    } catch {
      continue;
    }
  }
  return null;
}

/** All of one test's: ends with it. */
export class SenderPrograms {
  readonly #before: string[];
  readonly #children = new Set<ChildProcess>();
  readonly #once = new Set<ChildProcess>();
  readonly #loops: Promise<void>[] = [];
  #said = '';
  #stopping = false;

  /** `before`: what leads into the client's network namespace. */
  constructor(before: string[]) {
    this.#before = before;
  }

  /** What they said, for whoever looks for a reason. */
  get said(): string {
    return this.#said.slice(-8000);
  }

  /** One that runs until `stop`. It is started again a moment after it ended, like a service. */
  keep(words: string[], feed?: (write: (text: string) => void) => NodeJS.Timeout): void {
    const child = this.#start(words);
    const feeding = feed?.((text) => void child.stdin?.write(text));
    child.once('exit', () => {
      clearInterval(feeding);
      if (!this.#stopping) setTimeout(() => this.#stopping || this.keep(words, feed), 250);
    });
  }

  /** One for each number, one after the other, a pause in between. With `again` the same number until it ends with 0. */
  repeat(pauseMs: number, wordsOf: (number: number) => string[], again = false): Attempt[] {
    const attempts: Attempt[] = [];
    const loop = async () => {
      for (let number = 1; !this.#stopping;) {
        const beganMs = Date.now();
        const code = await this.#run(wordsOf(number));
        attempts.push({ number, beganMs, endedMs: Date.now(), code });
        if (code === 0 || !again) number++;
        await pause(pauseMs);
      }
    };
    this.#loops.push(loop());
    return attempts;
  }

  /**
   * What sends once for each message finishes it; the others get SIGTERM, and SIGKILL when that does not help. Throws when one of
   * the first does not end: it waits for something that does not come.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    const over = await Promise.race([Promise.all(this.#loops), pause(finishWithinMs).then(() => null)]);
    const stuck = over === null ? [...this.#once].map(({ spawnargs }) => spawnargs.join(' ')) : [];
    await this.#end('SIGTERM', 3000);
    await this.#end('SIGKILL', 3000);
    if (stuck.length > 0) throw new Error(`these do not end: ${stuck.join('; ')}`);
  }

  async #end(signal: NodeJS.Signals, withinMs: number): Promise<void> {
    const gone = [...this.#children].map(
      (child) => new Promise<void>((resolve) => child.once('exit', () => resolve())),
    );
    for (const child of this.#children) child.kill(signal);
    await Promise.race([Promise.all(gone), pause(withinMs)]);
  }

  #run(words: string[]): Promise<number | null> {
    const child = this.#start(words);
    this.#once.add(child);
    return new Promise((resolve) =>
      child.once('exit', (code) => {
        this.#once.delete(child);
        resolve(code);
      }),
    );
  }

  #start(words: string[]): ChildProcess {
    const [program = '', ...args] = [...this.#before, ...words];
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    child.stdin.on('error', () => {});
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.#said += chunk));
    return child;
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
