import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from '../../../tools/pair/src/layout.ts';
import { clockLibrary } from './programs.ts';

/**
 * The wall clock of each node, as libfaketime shows it to the node's services. The monotonic clock stays the host's: the
 * lease's grants are dated in it, all processes of a host share it, and libfaketime would give each its own.
 */
export class Clocks {
  readonly #library = clockLibrary();
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    for (const node of ['a', 'b'] as const) this.set(node, '+0');
  }

  get available(): boolean {
    return this.#library !== null;
  }

  /** What a service's environment needs. */
  environment(node: NodeName): Record<string, string> {
    if (this.#library === null) return {};
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#file(node),
      // Looks at the file each time: a step happens at once.
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** `+3600` or `-300`: seconds away from the true time; `+0 x1.2`: runs faster from its process's start on. */
  set(node: NodeName, words: string): void {
    // Replaced whole: a service that looks at an empty file would see another time.
    writeFileSync(`${this.#file(node)}.new`, `${words}\n`);
    renameSync(`${this.#file(node)}.new`, this.#file(node));
  }

  #file(node: NodeName): string {
    return join(this.#folder, `clock-${node}`);
  }
}
