import { Resolver } from 'node:dns/promises';

/** A name and the server that is asked for it: what a sender's own resolver would do. */
export interface NameToFollow {
  name: string;
  /** `127.0.0.1:15353`. */
  server: string;
}

const timeoutMs = 500;
/** After a question without an answer, and the least time between two: a TTL of 0 is not asked for every datagram. */
const againMs = 100;

/**
 * Where a name leads, as a client that keeps to its TTL sees it: asked again when the TTL is over, and until there is an
 * answer the last one counts.
 */
export class FollowName {
  readonly #name: string;
  readonly #resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  readonly #changed: (address: string) => void;
  #address: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor({ name, server }: NameToFollow, changed: (address: string) => void) {
    this.#name = name;
    this.#changed = changed;
    this.#resolver.setServers([server]);
  }

  /** Null until there was an answer. */
  get address(): string | null {
    return this.#address;
  }

  start(): void {
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#resolver.cancel();
  }

  async #ask(): Promise<void> {
    const answers = await this.#resolver.resolve4(this.#name, { ttl: true }).catch(() => []);
    if (this.#stopped) return;
    const [first] = answers;
    if (first && first.address !== this.#address) {
      this.#address = first.address;
      this.#changed(first.address);
    }
    this.#timer = setTimeout(() => void this.#ask(), Math.max((first?.ttl ?? 0) * 1000, againMs));
  }
}
