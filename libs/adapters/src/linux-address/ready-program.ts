import { type ChildProcess, spawn } from 'node:child_process';

/**
 * A program that is started before it is needed and waits for its one line on standard input: to start one takes eight
 * milliseconds and, on a busy host, a hundred; to wake one takes one. Each takes one line and ends, so nothing that it
 * remembers of the host is ever old. When this process is killed, the waiting one reads the end and ends.
 */
export class ReadyProgram {
  readonly #command: readonly [string, ...string[]];
  #waiting: ChildProcess | null = null;
  #refill: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(command: readonly [string, ...string[]]) {
    this.#command = command;
    this.#prepare();
  }

  /** The process that waits with these words given to it as its line; null: none waits, or they would mean more than words. */
  take(words: string[]): ChildProcess | null {
    const child = this.#waiting;
    if (this.#closed || !words.every((word) => plainWord.test(word))) return null;
    this.#waiting = null;
    this.#prepareSoon();
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    child.stdin?.end(`${words.join(' ')}\n`);
    return child;
  }

  close(): void {
    this.#closed = true;
    if (this.#refill) clearTimeout(this.#refill);
    this.#waiting?.kill('SIGKILL');
    this.#waiting = null;
  }

  /** Starting one holds this process up for some milliseconds: not while what follows is still to be done. */
  #prepareSoon(): void {
    if (this.#refill) return;
    this.#refill = setTimeout(() => {
      this.#refill = null;
      this.#prepare();
    }, 25);
    this.#refill.unref();
  }

  #prepare(): void {
    const [path, ...args] = this.#command;
    const child = spawn(path, args, { stdio: ['pipe', 'ignore', 'pipe'], env: { LC_ALL: 'C' } });
    this.#waiting = child;
    const gone = () => {
      if (this.#waiting === child) this.#waiting = null;
    };
    child.once('error', gone).once('exit', gone);
    // It may end at the moment in which it is given its line.
    child.stdin.on('error', () => {});
  }
}

/** Without a meaning of its own for `ip -batch` or the `read` of a shell: no space, quote, comment, backslash, line end. */
const plainWord = /^[\w.:/@-]+$/;
