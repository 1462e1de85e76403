import type { NodeConfig } from '@hotstandby/config';
import type { Emit, StaleSenders as StaleReport } from '@hotstandby/contracts';
import { StaleSenders, type StaleSender } from '@hotstandby/core/stale-senders';
import type { Clock, Logger } from '@hotstandby/ports';

/** What is on its way when an address moves, and what the old owner takes in a planned hand-over. */
const onTheWayMs = 5000;
const mostReported = 20;

export interface StaleWatchParts {
  clock: Clock;
  emit: Emit;
  log: Logger;
  binding: NodeConfig['binding'];
  /** Whether this node is active right now. */
  isActive: () => boolean;
}

/** Keeps and tells who still sends to this node although it is not active: the work of the collector and the console. */
export class StaleWatch {
  readonly #parts: StaleWatchParts;
  readonly #senders: StaleSenders;
  readonly #rightOne: string[];

  constructor(parts: StaleWatchParts) {
    this.#parts = parts;
    const { binding, clock } = parts;
    // A name leads to the old active for as long as it may be remembered.
    const graceMs = onTheWayMs + (binding.mode === 'hostname' ? binding.ttlSeconds * 1000 : 0);
    this.#senders = new StaleSenders({ graceMs }, clock.monotonicMs());
    this.#rightOne = binding.mode === 'hostname' ? [binding.name] : binding.mode === 'vip' ? binding.addresses : [];
  }

  /** Whether what comes now is to be given to `see`. To be asked before anything that costs. */
  looks(): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#senders.roleIs(this.#parts.isActive(), nowMs);
    return this.#senders.isOver(nowMs);
  }

  see(senders: Iterable<Pick<StaleSender, 'source' | 'via' | 'count'>>): void {
    if (!this.looks()) return;
    const { clock, emit, log } = this.#parts;
    for (const sender of senders) {
      const told = this.#senders.note(sender, clock.monotonicMs(), clock.wallMs());
      if (!told) continue;
      const { source, via, count, firstSeenMs } = told;
      const firstSeen = new Date(firstSeenMs).toISOString();
      log.warn('somebody still sends to this node, which is not active', { source, via, count });
      void emit('sender.stale', { source, via, count, firstSeen, instead: this.#rightOne });
    }
  }

  /** Null: nobody. */
  report(): StaleReport | null {
    this.looks();
    const { senders, more } = this.#senders.list(mostReported);
    if (senders.length === 0) return null;
    const text = (wallMs: number) => new Date(wallMs).toISOString();
    return {
      senders: senders.map(({ source, via, count, firstSeenMs, lastSeenMs }) => ({
        ...{ source, via, count },
        firstSeen: text(firstSeenMs),
        lastSeen: text(lastSeenMs),
      })),
      more,
    };
  }
}
