import { Chance } from './chance.ts';
import { Coverage, workOf, type Blocks } from './coverage.ts';
import { mutated } from './mutate.ts';
import type { Target } from './targets.ts';

/** An input for which something does not hold. */
export interface Finding {
  input: Uint8Array;
  message: string;
}

export interface FuzzState {
  runs: number;
  corpus: readonly Uint8Array[];
  blocks: number;
  /** The most work for an octet that an input took, of those that cost more than what is granted besides. */
  dearest: number;
  finding: Finding | null;
}

/** A look at the coverage costs as much as some dozens of runs. */
const batchSize = 512;

/**
 * Coverage-guided: inputs that reach a block for the first time, or one more often than any before by a power of two, are kept and
 * changed further. The same seed finds the same.
 */
export class Fuzzer {
  readonly #target: Target;
  readonly #chance: Chance;
  readonly #coverage = new Coverage();
  readonly #seen = new Set<number>();
  readonly #corpus: Uint8Array[] = [];
  /** Told before each run, for whoever watches that it ends. */
  readonly #begin: (input: Uint8Array) => void;
  #runs = 0;
  #dearest = 0;
  #finding: Finding | null = null;

  constructor(target: Target, seed: number, begin: (input: Uint8Array) => void = () => {}) {
    this.#target = target;
    this.#chance = new Chance(seed);
    this.#begin = begin;
  }

  state(): FuzzState {
    const blocks = new Set([...this.#seen].map((feature) => feature >>> 5)).size;
    return { runs: this.#runs, corpus: this.#corpus, blocks, dearest: this.#dearest, finding: this.#finding };
  }

  /** Takes in what is known already. */
  start(inputs: readonly Uint8Array[]): void {
    this.#coverage.start();
    for (const input of inputs) this.#runAlone(input);
    if (this.#corpus.length === 0) this.#corpus.push(Uint8Array.of(0));
  }

  stop(): void {
    this.#coverage.stop();
  }

  /** One batch. False: there is a finding. */
  step(): boolean {
    const inputs = Array.from({ length: batchSize }, () =>
      mutated(this.#chance.pick(this.#corpus), this.#chance, this.#target.words, this.#chance.pick(this.#corpus)),
    );
    this.#search(inputs);
    // What a block's count tells is lost in a batch: some are looked at one by one.
    for (let index = 0; index < 2 && !this.#finding; index++) this.#runAlone(this.#chance.pick(inputs));
    return this.#finding === null;
  }

  /** Runs all of them, and halves of them again while there is something new. */
  #search(inputs: Uint8Array[]): void {
    for (const input of inputs) if (!this.#run(input)) return;
    const blocks = this.#coverage.take();
    const isNew = [...blocks.keys()].some((block) => !this.#seen.has(block * 32));
    if (!isNew && !this.#isDear(blocks, inputs)) return;
    if (inputs.length <= 8) {
      for (const input of inputs) if (!this.#finding) this.#runAlone(input);
      return;
    }
    const middle = inputs.length >> 1;
    this.#search(inputs.slice(0, middle));
    if (!this.#finding) this.#search(inputs.slice(middle));
  }

  #runAlone(input: Uint8Array): void {
    this.#coverage.take();
    if (!this.#run(input)) return;
    const blocks = this.#coverage.take();
    this.#judgeWork(blocks, input);
    let isNew = false;
    for (const [block, count] of blocks) {
      for (const feature of [block * 32, block * 32 + 1 + Math.min(30, Math.floor(Math.log2(count)))]) {
        if (this.#seen.has(feature)) continue;
        this.#seen.add(feature);
        isNew = true;
      }
    }
    if (isNew) this.#corpus.push(input.slice());
  }

  #run(input: Uint8Array): boolean {
    this.#runs++;
    this.#begin(input);
    try {
      this.#target.check(input);
      return true;
    } catch (error) {
      this.#finding ??= { input, message: String(error) };
      return false;
    }
  }

  #isDear(blocks: Blocks, inputs: readonly Uint8Array[]): boolean {
    const octets = inputs.reduce((sum, { length }) => sum + length, 0);
    const { perOctet, besides } = this.#target.work;
    return workOf(blocks) > perOctet * octets + besides * inputs.length;
  }

  #judgeWork(blocks: Blocks, input: Uint8Array): void {
    const { perOctet, besides } = this.#target.work;
    const work = workOf(blocks);
    this.#dearest = Math.max(this.#dearest, (work - besides) / Math.max(1, input.length));
    if (work > besides + perOctet * input.length)
      this.#finding ??= { input, message: `${work} blocks ran for ${input.length} octets` };
  }
}
