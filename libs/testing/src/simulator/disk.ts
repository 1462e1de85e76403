import type { NodeMemory, Reign, Transition } from '@hotstandby/ports';
import type { Process } from './process.ts';
import type { World } from './world.ts';

interface Written {
  highestEpoch: number;
  reign: Reign | null;
  storeId: string | null;
}

/** What a node keeps when its processes die. */
export class Disk {
  readonly nodeId: string;
  /** Called with each transition, for a trace. */
  onJournal: (transition: Transition) => void = () => {};
  readonly #world: World;
  #now: Written = { highestEpoch: 0, reign: null, storeId: null };
  /** What is on the disk itself, and what is on its way there with the time at which it will be. */
  #flushed = this.#now;
  #flushing: { atMs: number; written: Written }[] = [];
  #journal: { transition: Transition; sent: boolean }[] = [];

  constructor(nodeId: string, world: World) {
    this.nodeId = nodeId;
    this.#world = world;
  }

  /** As one process writes to it: not any more once that is dead. */
  of(process: Process): NodeMemory {
    // History has no part in the lease, but in the policies.
    const keeps = this.#world.policies !== null;
    const write = (change: (now: Written) => Partial<Written>) =>
      process.output(() => this.#write({ ...this.#now, ...change(this.#now) }));
    return {
      nodeId: () => this.nodeId,
      highestEpoch: () => this.#now.highestEpoch,
      rememberEpoch: (epoch) => write(({ highestEpoch }) => ({ highestEpoch: Math.max(highestEpoch, epoch) })),
      rememberedReign: () => this.#now.reign,
      rememberReign: (reign) => write(() => ({ reign })),
      storeId: () => this.#now.storeId,
      bindStore: (storeId) => write(() => ({ storeId })),
      journal: (transition) =>
        process.output(() => {
          if (keeps) this.#journal.push({ transition, sent: false });
          this.onJournal(transition);
        }),
      unsent: (limit) =>
        this.#journal
          .filter(({ sent }) => !sent)
          .slice(0, limit)
          .map(({ transition }) => transition),
      markSent: (ids) => {
        for (const one of this.#journal) if (ids.includes(one.transition.id)) one.sent = true;
      },
      close() {},
    };
  }

  /** The power is gone: what had not reached the disk is as if it had never been written. */
  loseNewest(): void {
    this.#settle();
    if (this.#flushing.length > 0) this.#world.count('power cuts that lost something');
    this.#now = this.#flushed;
    this.#flushing = [];
  }

  #write(written: Written): void {
    this.#now = written;
    const flushMs = this.#world.policies?.flushMs ?? 0;
    if (flushMs === 0) this.#flushed = written;
    else this.#flushing.push({ atMs: this.#world.clock.monotonicMs() + flushMs, written });
    this.#settle();
  }

  #settle(): void {
    const nowMs = this.#world.clock.monotonicMs();
    while (this.#flushing[0] && this.#flushing[0].atMs <= nowMs) {
      this.#flushed = this.#flushing.shift()?.written ?? this.#flushed;
    }
  }
}
