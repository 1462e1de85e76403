import { Worker } from 'node:worker_threads';
import { mostInputBytes } from './mutate.ts';

/** Of one input; decoders take milliseconds for the largest. */
const patienceMs = 20_000;

/**
 * A run that does not end would hold up its own thread for ever: another one looks on, prints the input and ends the process
 * with exit code 1.
 */
export class HangWatch {
  readonly #shared = new SharedArrayBuffer(8 + mostInputBytes);
  readonly #head = new Int32Array(this.#shared, 0, 2);
  readonly #input = new Uint8Array(this.#shared, 8);
  readonly #worker: Worker;

  constructor() {
    const source = `
      const { workerData } = require('node:worker_threads');
      const head = new Int32Array(workerData, 0, 2);
      let last = -1;
      setInterval(() => {
        const now = Atomics.load(head, 0);
        if (now === last && now !== 0) {
          const input = Buffer.from(workerData, 8, head[1]);
          require('node:fs').writeSync(2, 'does not end within ${patienceMs} ms: ' + input.toString('hex') + '\\n');
          process.kill(process.pid, 'SIGKILL');
        }
        last = now;
      }, ${patienceMs});`;
    this.#worker = new Worker(source, { eval: true, workerData: this.#shared });
    this.#worker.unref();
  }

  begin(input: Uint8Array): void {
    const { length } = input;
    this.#input.set(input.subarray(0, mostInputBytes));
    this.#head[1] = Math.min(length, mostInputBytes);
    Atomics.add(this.#head, 0, 1);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
