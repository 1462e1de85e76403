import { leavingPlan, type HostnameWish } from '@hotstandby/core/hostname-plan';
import type { Clock, Logger, NameServers } from '@hotstandby/ports';
import { asNameFault } from './name-fault.ts';

/** A server that does not answer for so long is not asked any more: it may have been given up with the name. */
const patienceMs = 600_000;

interface Leaving {
  name: string;
  names: NameServers;
  untilMs: number;
  toldFault: string;
}

/**
 * Names that were taken out of the configuration, while the node ran or before it was started anew. The active takes their addresses away once its new
 * name leads to it; a standby keeps them in mind until somebody has, so that the death of the active leaves none behind.
 */
export class LeavingNames {
  readonly #parts: { clock: Clock; log: Logger; changed: () => void };
  #leaving: Leaving[] = [];
  #seeing = false;

  constructor(
    parts: { clock: Clock; log: Logger; changed: () => void },
    left: readonly { name: string; names: NameServers }[],
  ) {
    this.#parts = parts;
    this.#leaving = left.map((one) => this.#leave(one.name, one.names));
  }

  list(): string[] {
    return this.#leaving.map(({ name }) => name);
  }

  add(name: string, names: NameServers): void {
    this.#leaving.push(this.#leave(name, names));
    this.#parts.changed();
  }

  /** It is configured again. */
  keep(name: string): void {
    this.#drop((one) => isSameName(one.name, name));
  }

  /** `wish`: the active's; null: a standby's look. `may` is asked right before each change. One look at a time; never throws. */
  async see(wish: HostnameWish | null, may: () => boolean): Promise<void> {
    if (this.#seeing) return;
    this.#seeing = true;
    for (const one of [...this.#leaving]) {
      const done = await this.#seeOne(one, wish, may).catch((error: unknown) => this.#tell(one, error));
      if (done) this.#drop((other) => other === one);
    }
    this.#seeing = false;
  }

  async close(): Promise<void> {
    await Promise.all(this.#leaving.map(({ names }) => names.close()));
  }

  #leave(name: string, names: NameServers): Leaving {
    return { name, names, untilMs: this.#parts.clock.monotonicMs() + patienceMs, toldFault: '' };
  }

  async #seeOne({ name, names }: Leaving, wish: HostnameWish | null, may: () => boolean): Promise<boolean> {
    const look = () => names.look(names.servers[0] ?? '');
    const plan = leavingPlan(wish, await look());
    const [update] = plan.steps;
    if (update?.do !== 'update') return plan.done;
    if (!may()) return false;
    await names.update(update);
    const isGone = leavingPlan(wish, await look()).done;
    if (isGone) this.#parts.log.info('the old name leads nowhere any more', { name });
    return isGone;
  }

  /** Once for each reason; true: enough of it. */
  #tell(one: Leaving, error: unknown): boolean {
    const { code, message, cure } = asNameFault(error);
    const { clock, log } = this.#parts;
    const isOver = clock.monotonicMs() >= one.untilMs;
    if (isOver || one.toldFault !== code) {
      const what = isOver ? 'the old name is left as it is' : 'the old name still leads here';
      log.warn(`${what}: ${message}`, { name: one.name, code, cure });
    }
    one.toldFault = code;
    return isOver;
  }

  #drop(which: (one: Leaving) => boolean): void {
    const gone = this.#leaving.filter(which);
    this.#leaving = this.#leaving.filter((one) => !which(one));
    for (const { names } of gone) void names.close();
    if (gone.length > 0) this.#parts.changed();
  }
}

export const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
