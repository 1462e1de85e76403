import { Worker } from 'node:worker_threads';
import { mostInputBytes } from './mutate.ts';

/** Of processor time, which a busy machine does not stretch, for one input; decoders take milliseconds for the largest. */
const patienceMs = 20_000;
const lookEveryMs = 1000;

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
      let run = -1;
      let beganMs = 0;
      const spentMs = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
      setInterval(() => {
        const now = Atomics.load(head, 0);
        if (now !== run) [run, beganMs] = [now, spentMs()];
        if (now === 0 || spentMs() - beganMs < ${patienceMs}) return;
        const input = Buffer.from(workerData, 8, head[1]);
        require('node:fs').writeSync(2, 'does not end within ${patienceMs} ms of processor time: ' + input.toString('hex') + '\\n');
        process.kill(process.pid, 'SIGKILL');
      }, ${lookEveryMs});`;
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
