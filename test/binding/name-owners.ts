import { Resolver } from 'node:dns/promises';
import { parseMarker } from '@hotstandby/core/hostname-plan';

const everyMs = 15;

/** Asks the server itself, all the time, whose a name is: it must have one owner at a time, and epochs never go back. */
export class NameOwners {
  readonly violations: string[] = [];
  readonly #resolver = new Resolver({ timeout: 400, tries: 1 });
  readonly #name: string;
  readonly #nodeOf: (address: string) => string;
  #timer: NodeJS.Timeout | null = null;
  #running = true;
  #epoch = 0;
  #looks = 0;

  constructor(server: string, name: string, nodeOf: (address: string) => string) {
    this.#name = name;
    this.#nodeOf = nodeOf;
    this.#resolver.setServers([server]);
    void this.#look();
  }

  get looks(): number {
    return this.#looks;
  }

  stop(): void {
    this.#running = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#resolver.cancel();
  }

  async #look(): Promise<void> {
    try {
      const before = await this.#markers();
      const addresses = await this.#resolver.resolve4(this.#name);
      const after = await this.#markers();
      this.#judge(before, addresses, after);
    } catch {
      // A server that does not answer shows nobody anything.
    }
    if (this.#running) this.#timer = setTimeout(() => void this.#look(), everyMs);
  }

  async #markers(): Promise<string[]> {
    return (await this.#resolver.resolveTxt(`_hotstandby.${this.#name}`)).map((chunks) => chunks.join(''));
  }

  #judge(before: string[], addresses: string[], after: string[]): void {
    this.#looks++;
    const owners = new Set(addresses.map(this.#nodeOf));
    const epoch = parseMarker(after[0] ?? '')?.epoch ?? 0;
    const say = (what: string) =>
      this.violations.push(`${what}: ${JSON.stringify({ before, addresses, after, epoch: this.#epoch })}`);
    if (owners.size !== 1) say('not one owner');
    if (before.length !== 1 || after.length !== 1) say('not one marker');
    if (epoch < this.#epoch) say('an older epoch came back');
    this.#epoch = Math.max(this.#epoch, epoch);
    const [marker] = before;
    if (marker === after[0] && parseMarker(marker ?? '')?.node !== [...owners][0])
      say('address and marker of different nodes');
  }
}
