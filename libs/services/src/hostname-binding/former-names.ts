import type { Emit, Place } from '@hotstandby/contracts';
import type { Bus, Cancel, Clock, Logger, NameServers } from '@hotstandby/ports';
import { RoleWatch } from '../role-watch/index.ts';
import { LeavingNames } from './leaving-names.ts';
import type { NameFault } from './name-fault.ts';

/** Whether it is time is looked at so often, and the servers are asked at the slower pace. */
const tickMs = 1000;
const askEveryMs = 10_000;

export interface FormerNamesParts {
  bus: Bus;
  clock: Clock;
  place: Place;
  log: Logger;
  emit: Emit;
  /** Nothing is begun any more this long before the grant ends. */
  fenceLeadMs: number;
  /** Names that may still lead here. Closed here. */
  left: readonly { name: string; names: NameServers }[];
  /** Told which of them still may, at the start and after each change: what a later start has to know. */
  remember: (names: string[]) => void;
  /** Whether what is bound instead of them leads here already. Until then the active leaves them as they are. */
  ready: () => boolean;
}

/**
 * Clears the names of a time in which `binding.mode` was `hostname`, for a node whose mode is another one now. The rules are
 * those of `LeavingNames`: only the active's gate, and in the server the condition that the marker is still the one that was read.
 */
export class FormerNames {
  readonly #parts: FormerNamesParts;
  readonly #leaving: LeavingNames;
  readonly #watch: RoleWatch;
  #cancel: Cancel = () => {};
  #askedAtMs = -Infinity;
  /** The epoch under which the servers were asked last; null: as a standby. */
  #askedUnder: number | null = null;
  #asking: Promise<void> | null = null;

  constructor(parts: FormerNamesParts) {
    this.#parts = parts;
    this.#leaving = new LeavingNames({ ...parts, changed: () => this.#remember() }, parts.left);
    this.#watch = new RoleWatch(parts, { opened: () => this.#tick() });
  }

  start(): void {
    this.#remember();
    if (this.#leaving.list().length === 0) return;
    this.#parts.log.info('names of an earlier configuration are to be cleared', { names: this.#leaving.list() });
    this.#watch.start();
    this.#cancel = this.#parts.clock.every(tickMs, () => this.#tick());
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#watch.stop();
    await this.#leaving.close();
    await this.#asking;
  }

  list(): string[] {
    return this.#leaving.list();
  }

  fault(): NameFault | null {
    return this.#leaving.fault();
  }

  #tick(): void {
    const { clock, place, ready } = this.#parts;
    const epoch = this.#epoch();
    if (this.#asking || (epoch !== null && !ready())) return;
    const isNew = epoch !== this.#askedUnder;
    if (!isNew && clock.monotonicMs() - this.#askedAtMs < askEveryMs) return;
    this.#askedAtMs = clock.monotonicMs();
    this.#askedUnder = epoch;
    const wish = epoch === null ? null : { ...place, epoch };
    this.#asking = this.#leaving.see(wish, () => this.#epoch() === epoch).finally(() => (this.#asking = null));
  }

  /** Of the grant, when there is time enough left in it to begin something. */
  #epoch(): number | null {
    const grant = this.#watch.open();
    const { clock, fenceLeadMs } = this.#parts;
    return grant && clock.monotonicMs() < grant.deadlineMs - fenceLeadMs ? grant.epoch : null;
  }

  #remember(): void {
    this.#parts.remember(this.#leaving.list());
    if (this.#leaving.list().length === 0) this.#cancel();
  }
}
