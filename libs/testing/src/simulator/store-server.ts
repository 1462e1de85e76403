import type { Clock, LeaseStore } from '@hotstandby/ports';
import { MemoryLeaseStore, type MemoryTables, type TablesSnapshot } from '../memory-lease-store/index.ts';
import type { Random } from './random.ts';

/** So far back a server may forget, with a lease of 150 ms. */
const historyMs = 400;

/**
 * The database server: it can stall, be restarted, and forget. Statements are carried out at the moment they reach it.
 */
export class StoreServer {
  readonly tables: MemoryTables;
  readonly statements: LeaseStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #historyMs: number;
  #stalledUntilMs = Number.NEGATIVE_INFINITY;
  #badUntilMs = Number.NEGATIVE_INFINITY;
  /** Told when reigns may have been forgotten. */
  onForgotten: () => void = () => {};
  /** Told since when commits are lost. */
  onReplaced: (sinceMs: number) => void = () => {};
  onPromotedAgain: () => void = () => {};
  onFirstClaimForgotten: () => void = () => {};
  /** Statements that were sent, and neither carried out nor lost. */
  onTheWay = 0;
  #restarts = 0;
  #promotions = 0;
  /** What the tables held after each of the last statements. */
  #history: { atMs: number; tables: TablesSnapshot }[] = [];
  /** Of the server before this one: another replica may know no more than some of it. */
  #beforePromoted: { atMs: number; tables: TablesSnapshot }[] = [];

  constructor(
    tables: MemoryTables,
    clock: Clock,
    random: Random,
    scale: number,
    wrap: (store: LeaseStore) => LeaseStore,
  ) {
    this.tables = tables;
    this.#clock = clock;
    this.#random = random;
    this.#historyMs = historyMs * scale;
    const store = new MemoryLeaseStore(tables, {
      ...immediately,
      monotonicMs: () => clock.monotonicMs(),
      bootMs: () => clock.bootMs(),
      wallMs: () => clock.wallMs(),
    });
    this.statements = wrap(store);
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  after(ms: number, run: () => void): void {
    this.#clock.after(ms, run);
  }

  carryOut(statement: () => void, lost: () => void = () => {}): void {
    const leftMs = this.#stalledUntilMs - this.#clock.monotonicMs();
    if (leftMs <= 0) {
      statement();
      this.#note();
      return;
    }
    const connectedTo = this.incarnation();
    // Whatever waited goes on in any order.
    this.#clock.after(leftMs + this.#random.between(0, 1), () => {
      if (this.incarnation() === connectedTo) this.carryOut(statement, lost);
      else lost();
    });
  }

  stall(forMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#clock.monotonicMs() + forMs);
    this.#badUntilMs = Math.max(this.#badUntilMs, this.#stalledUntilMs);
  }

  mend(): void {
    this.#stalledUntilMs = Number.NEGATIVE_INFINITY;
  }

  restart(): void {
    this.#restarts += 1;
    this.tables.storeIncarnation = `store-again-${this.#restarts}`;
    this.#badUntilMs = Math.max(this.#badUntilMs, this.#clock.monotonicMs());
  }

  /** Restarted, with the counters of some time ago: beats that it had acknowledged are lost, reigns are not. */
  forgetBeats(ms: number): void {
    const then = this.#asOf(ms);
    const { nodes } = this.tables;
    for (const row of then?.nodes.values() ?? []) {
      const now = nodes.get(row.nodeId);
      if (now?.incarnation === row.incarnation && now.epoch === row.epoch)
        nodes.set(row.nodeId, { ...now, lastCount: row.lastCount });
    }
    this.restart();
  }

  /**
   * Another server takes over with what it had some time ago, on a timeline of its own: an asynchronous replica. Once a
   * schedule: when the claim that re-bases is forgotten, too, before the other node heard of it, epochs may go back (never
   * two grants at once), until the one that remembers is heard.
   */
  promoteReplica(behindMs: number, { again = false } = {}): void {
    if (this.#promotions >= (again ? 2 : 1)) return;
    this.#promotions += 1;
    const known = this.#asOf(behindMs, again ? [...this.#beforePromoted, ...this.#history] : this.#history);
    // The very first claim is not forgotten here, but as a fault of its own.
    this.#promote(known && known.reign.epoch > 0 ? known : this.tables.snapshot());
    this.onReplaced(this.#clock.monotonicMs() - behindMs);
    if (this.#promotions > 1) this.onPromotedAgain();
  }

  /** A replica takes over that lacks the first claim, and no more. */
  forgetFirstClaim(): void {
    const known = this.#history.findLast(({ tables }) => tables.reign.epoch === 0);
    if (this.#promotions > 0 || !known || this.tables.reign.epoch !== 1) return;
    this.#promotions += 1;
    this.#promote(known.tables);
    this.onFirstClaimForgotten();
  }

  #promote(then: TablesSnapshot): void {
    this.tables.forget(then, 'new');
    this.#beforePromoted = this.#history;
    this.#history = [];
    this.#badUntilMs = Math.max(this.#badUntilMs, this.#clock.monotonicMs());
    this.onForgotten();
  }

  incarnation(): string {
    return this.tables.storeIncarnation;
  }

  wellSinceMs(): number {
    return this.#badUntilMs;
  }

  #note(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#history.push({ atMs: nowMs, tables: this.tables.snapshot() });
    while ((this.#history[1]?.atMs ?? nowMs) < nowMs - this.#historyMs) this.#history.shift();
  }

  #asOf(agoMs: number, history = this.#history): TablesSnapshot | undefined {
    const thenMs = this.#clock.monotonicMs() - agoMs;
    return history.findLast(({ atMs }) => atMs <= thenMs)?.tables;
  }
}

/** The tables answer at the very moment that a statement reaches them. */
const immediately: Pick<Clock, 'after' | 'every'> = {
  after(_delayMs, run) {
    run();
    return () => {};
  },
  every: () => () => {},
};
