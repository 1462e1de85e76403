import { Worker } from 'node:worker_threads';
import type { Range, RangeResult } from './run-range.ts';

interface Job {
  range: Range;
  resolve: (result: RangeResult) => void;
  reject: (error: unknown) => void;
}

/** Threads that run ranges of seeds, each as soon as one is free. */
export class Pool {
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #queue: Job[] = [];
  readonly #running = new Map<Worker, Job>();

  constructor(jobs: number) {
    for (let job = 0; job < jobs; job++) {
      // Hardly anything outlives a schedule: a large nursery keeps the collector from copying it.
      const worker = new Worker(new URL('worker.ts', import.meta.url), {
        resourceLimits: { maxYoungGenerationSizeMb: 96 },
        execArgv: ['--conditions=@hotstandby/source', '--disable-warning=ExperimentalWarning'],
      });
      worker.on('message', (result: RangeResult) => {
        this.#running.get(worker)?.resolve(result);
        this.#running.delete(worker);
        this.#idle.push(worker);
        this.#next();
      });
      worker.on('error', (error) => this.#running.get(worker)?.reject(error));
      this.#workers.push(worker);
      this.#idle.push(worker);
    }
  }

  run(range: Range): Promise<RangeResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ range, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #next(): void {
    const job = this.#queue[0];
    const worker = this.#idle[0];
    if (!job || !worker) return;
    this.#queue.shift();
    this.#idle.shift();
    this.#running.set(worker, job);
    worker.postMessage(job.range, []);
  }
}
