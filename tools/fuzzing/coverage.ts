import { Session, type Profiler } from 'node:inspector';

/** Blocks of the sources that ran since the last look, with how often. */
export type Blocks = Map<number, number>;

/** V8's own precise block coverage, of the sources of the decoders and the core. */
export class Coverage {
  readonly #session = new Session();
  readonly #numbers = new Map<string, number>();

  start(): void {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** Blocks that were ever seen. */
  get known(): number {
    return this.#numbers.size;
  }

  /** Counts begin anew with each look. The session is of this thread, so the answer is there at once. */
  take(): Blocks {
    let scripts: Profiler.ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error;
      scripts = answer.result;
    });
    const blocks: Blocks = new Map();
    for (const { url, scriptId, functions } of scripts) {
      if (!/\/libs\/(decoders|core)\/(src|dist)\//.test(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue;
          const number = this.#numberOf(`${scriptId} ${startOffset} ${endOffset}`);
          blocks.set(number, (blocks.get(number) ?? 0) + count);
        }
      }
    }
    return blocks;
  }

  #numberOf(block: string): number {
    let number = this.#numbers.get(block);
    if (number === undefined) this.#numbers.set(block, (number = this.#numbers.size));
    return number;
  }
}

/** How many blocks ran: the work that an input took, the same on every machine. What the engine itself does is not in it. */
export function workOf(blocks: Blocks): number {
  let work = 0;
  for (const count of blocks.values()) work += count;
  return work;
}
