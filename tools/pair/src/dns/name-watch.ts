import { Resolver } from 'node:dns/promises';
import type { VirtualName } from '../layout.ts';

const everyMs = 10;

/** Where the name leads, asked of its server every 10 ms: what the report of a take-over says of it. */
export class NameWatch {
  readonly #name: string;
  readonly #resolver = new Resolver({ timeout: 500, tries: 1 });
  readonly #seen: { address: string; atMs: number }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor({ name, address, port }: VirtualName) {
    this.#name = name;
    this.#resolver.setServers([`${address}:${port}`]);
  }

  start(): void {
    const ask = async () => {
      const answer = await this.#resolver.resolve4(this.#name).catch(() => null);
      const shown = answer?.toSorted().join(' ');
      if (shown !== undefined && shown !== this.#seen.at(-1)?.address)
        this.#seen.push({ address: shown, atMs: Date.now() });
      if (this.#timer) this.#timer = setTimeout(() => void ask(), everyMs);
    };
    this.#timer = setTimeout(() => void ask(), 0);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#resolver.cancel();
  }

  /** Each change, oldest first, wall clock. More than one address at once are one text. */
  changes(): { address: string; atMs: number }[] {
    return this.#seen;
  }
}
