import { readFileSync } from 'node:fs';
import { Hopeless } from './eventually.ts';

/** One that is only too early (its server is not there yet) is well by then. */
const mostEnds = 3;
const lastLines = 15;

/**
 * Hears what a supervisor tells while a pair comes up. A part that ends again and again (its bundle is missing, its configuration is
 * refused) is not helped by waiting for the pair.
 */
export class EarlyEnds {
  readonly #ends = new Map<string, { count: number; how: string; logFile: string }>();

  /** A line, or several, of what the supervisor tells. */
  hear(told: string): void {
    for (const [, name = '', how = '', logFile = ''] of told.matchAll(/(\S+) ended \((.*?)\) and .*?; its log: (\S+)/g))
      this.#ends.set(name, { count: (this.#ends.get(name)?.count ?? 0) + 1, how, logFile });
  }

  /** Throws `Hopeless` with how the part ended and the last lines of its log. */
  check(): void {
    for (const [name, { count, how, logFile }] of this.#ends)
      if (count >= mostEnds)
        throw new Hopeless(`${name} ended ${count} times (${how}); ${logFile} says:\n${tailOf(logFile)}`);
  }
}

function tailOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lastLines).join('\n');
  } catch (error) {
    return String(error);
  }
}
