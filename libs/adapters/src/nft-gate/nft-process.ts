import { spawn, type ChildProcess } from 'node:child_process';
import { CodedError } from '@hotstandby/contracts';

/** nft prints this line, and nothing else of ours does: the answer to all before it has been said by then. */
const endMark = 'describe mark';
const endAnswer = /^meta expression, datatype mark .*\n/m;

/**
 * One `nft -i` that lives as long as the service: a change costs a fraction of a millisecond and no new process. Lines are
 * carried out one at a time. One that does not come to an end is never left behind to be carried out later: its process
 * is killed.
 */
export class NftProcess {
  readonly #path: string;
  readonly #limitMs: number;
  #child: ChildProcess | null = null;
  #output = '';
  #answered: (() => void) | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(path: string, limitMs: number) {
    this.#path = path;
    this.#limitMs = limitMs;
  }

  /** The process's id; null: none runs. */
  pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /**
   * Carries out one line, in turn, and says what nft printed. `line` is called in the moment of writing and may think
   * better of it (null). Throws HS_BINDING_GATE when nft does not answer.
   */
  run(line: () => string | null): Promise<string | null> {
    const result = this.#turn.then(() => this.#now(line));
    this.#turn = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    const child = this.#child;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  #now(line: () => string | null): Promise<string | null> {
    const child = this.#child ?? this.#start();
    const text = line();
    if (text === null) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        child.kill('SIGKILL');
        end('nft did not answer in time and was killed');
      }, this.#limitMs);
      const end = (fault: string | null) => {
        clearTimeout(limit);
        child.off('exit', gone);
        this.#answered = null;
        if (fault !== null) {
          if (this.#child === child) this.#child = null;
          reject(new CodedError('HS_BINDING_GATE', fault));
          return;
        }
        resolve(this.#output.replace(endAnswer, ''));
      };
      const gone = () => end('nft ended');
      child.once('exit', gone);
      this.#output = '';
      this.#answered = () => end(null);
      child.stdin?.write(`${text}\n${endMark}\n`);
    });
  }

  #start(): ChildProcess {
    if (this.#closed) throw new CodedError('HS_BINDING_GATE', 'the gate is closed');
    // Errors and answers in one stream, or an error could be read after the answer that followed it. At its end nft writes
    // what it was told into a file in $HOME.
    const child = spawn('/bin/sh', ['-c', 'exec "$0" -i 2>&1', this.#path], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { LC_ALL: 'C', HOME: '/dev/null' },
    });
    this.#child = child;
    const gone = () => {
      if (this.#child === child) this.#child = null;
    };
    child.once('error', gone).once('exit', gone);
    // It may end at the moment in which it is given a line.
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => {
      if (this.#output.length < 100_000) this.#output += chunk.toString();
      if (endAnswer.test(this.#output)) this.#answered?.();
    });
    return child;
  }
}
