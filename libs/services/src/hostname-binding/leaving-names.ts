import type { Emit, Place } from '@hotstandby/contracts';
import { leavingPlan, ownEpoch, type HostnameWish } from '@hotstandby/core/hostname-plan';
import type { Clock, Logger, NameServers, NameView } from '@hotstandby/ports';
import { asNameFault, nameFault, type NameFault } from './name-fault.ts';

/** A server that does not answer for so long is not asked any more: it may have been given up with the name. One that shows the name is. */
const patienceMs = 600_000;
/** For so long a standby leaves a name that it had itself to the active, which may be about to take it. */
const ownLeftMs = 60_000;

interface Leaving {
  name: string;
  names: NameServers;
  untilMs: number;
  /** Since when a standby sees it lead to itself. */
  ownSinceMs: number | null;
  /** By the last look the name leads somewhere, and this node has to clear it. */
  due: boolean;
  told: (NameFault & { due: boolean }) | null;
}

export interface LeavingNamesParts {
  clock: Clock;
  log: Logger;
  place: Place;
  emit: Emit;
  changed: () => void;
}

type Wish = Pick<HostnameWish, 'cluster' | 'node' | 'epoch'>;

/**
 * Names that were taken out of the configuration, while the node ran or before it was started anew. The active takes their addresses away once what
 * it binds instead leads to it; a standby keeps them in mind until somebody has, so that the death of the active leaves none behind.
 */
export class LeavingNames {
  readonly #parts: LeavingNamesParts;
  #leaving: Leaving[] = [];
  #seeing = false;

  constructor(parts: LeavingNamesParts, left: readonly { name: string; names: NameServers }[]) {
    this.#parts = parts;
    this.#leaving = left.map((one) => this.#leave(one.name, one.names));
  }

  list(): string[] {
    return this.#leaving.map(({ name }) => name);
  }

  /** Why one of them still leads here; null: nothing is known to be in the way. */
  fault(): NameFault | null {
    return this.#leaving.find(({ told }) => told?.due)?.told ?? null;
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
  async see(wish: Wish | null, may: () => boolean): Promise<void> {
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
    return {
      name,
      names,
      untilMs: this.#parts.clock.monotonicMs() + patienceMs,
      ownSinceMs: null,
      due: false,
      told: null,
    };
  }

  async #seeOne(one: Leaving, wish: Wish | null, may: () => boolean): Promise<boolean> {
    const { name, names } = one;
    const look = () => names.look(names.servers[0] ?? '');
    one.due = false;
    const view = await look();
    const right = wish ?? this.#ownRight(one, view);
    const plan = leavingPlan(right, view);
    const [update] = plan.steps;
    if (update?.do !== 'update') {
      one.told = null;
      return plan.done;
    }
    one.due = true;
    const unable = await names.unable();
    if (unable) throw Object.assign(new Error(unable.message), { code: unable.code });
    // What was looked at took its time: asked right before the change.
    if (wish && !may()) return false;
    await names.update(update);
    const isGone = leavingPlan(right, await look()).done;
    if (isGone) this.#parts.log.info('the old name leads nowhere any more', { name });
    return isGone;
  }

  /**
   * The active may not know of the name: it was started under the new configuration while this node still had the old one. So a node that is
   * not active clears in the end what leads to itself. Its own marker, which stays, is the condition.
   */
  #ownRight(one: Leaving, view: NameView): Wish | null {
    const { clock, place } = this.#parts;
    const epoch = view.addresses.length === 0 ? null : ownEpoch(place, view);
    if (epoch === null) {
      one.ownSinceMs = null;
      return null;
    }
    one.ownSinceMs ??= clock.monotonicMs();
    return clock.monotonicMs() - one.ownSinceMs < ownLeftMs ? null : { ...place, epoch };
  }

  /** Once for each reason; true: enough of it. */
  #tell(one: Leaving, error: unknown): boolean {
    const { code, message, cure } = asNameFault(error);
    const { clock, emit, log } = this.#parts;
    const isOver = !one.due && clock.monotonicMs() >= one.untilMs;
    const left = nameFault('HS_DNS_LEFT', `${one.name} still leads to this pair (${code}: ${message})`);
    if (isOver || one.told?.message !== left.message || one.told.due !== one.due) {
      const what = isOver ? 'the old name is left as it is' : 'the old name still leads to this pair';
      log.warn(`${what}: ${message}`, { name: one.name, code, cure });
      // A node that only cannot look is in nobody's way yet.
      if (isOver || one.due) void emit('binding.failed', { ...left });
    }
    one.told = { ...left, due: one.due };
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
