import { StoreError } from '@hotstandby/ports';
import type {
  BeatRequest,
  BeatResult,
  ClaimRequest,
  Clock,
  LeaseStore,
  NodeRow,
  PauseRequest,
  ReadoptRequest,
  RegisterRequest,
  Reign,
  ReleaseRequest,
  StoreView,
} from '@hotstandby/ports';
import { MemoryLeaseStore, type MemoryTables } from '../memory-lease-store/index.ts';
import type { NodeClock } from './node-clock.ts';
import type { Random } from './random.ts';

/** How the line between a node and the store is just now. */
export interface Line {
  /** Chance that a statement or its answer takes up to `longestMs` instead of a millisecond or two. */
  slow: number;
  longestMs: number;
  /** Nothing gets through, in either direction. */
  cut: boolean;
}

/**
 * The store behind a bad line: a statement arrives late or never, is carried out when it arrives, and its answer comes
 * late or never. The caller gives up after its timeout, and what it gave up on may still be carried out.
 */
export class DistantStore implements LeaseStore {
  readonly line: Line = { slow: 0, longestMs: 0, cut: false };
  readonly #store: MemoryLeaseStore;
  readonly #trueClock: Clock;
  readonly #clock: NodeClock;
  readonly #random: Random;
  readonly #timeoutMs: number;

  constructor(tables: MemoryTables, trueClock: Clock, clock: NodeClock, random: Random, timeoutMs: number) {
    this.#store = new MemoryLeaseStore(tables, {
      ...immediately,
      monotonicMs: () => trueClock.monotonicMs(),
      bootMs: () => trueClock.bootMs(),
      wallMs: () => trueClock.wallMs(),
    });
    this.#trueClock = trueClock;
    this.#clock = clock;
    this.#random = random;
    this.#timeoutMs = timeoutMs;
  }

  prepare(): Promise<{ storeId: string }> {
    return this.#send(() => this.#store.prepare());
  }
  enter(row: Omit<NodeRow, 'lastCount' | 'epoch' | 'standbyServerName'>): Promise<StoreView> {
    return this.#send(() => this.#store.enter(row));
  }
  beat(request: BeatRequest): Promise<BeatResult> {
    return this.#send(() => this.#store.beat(request));
  }
  look(): Promise<StoreView> {
    return this.#send(() => this.#store.look());
  }
  claim(request: ClaimRequest): Promise<Reign | null> {
    return this.#send(() => this.#store.claim(request));
  }
  register(request: RegisterRequest): Promise<Reign | null> {
    return this.#send(() => this.#store.register(request));
  }
  readopt(request: ReadoptRequest): Promise<Reign | null> {
    return this.#send(() => this.#store.readopt(request));
  }
  release(request: ReleaseRequest): Promise<Reign | null> {
    return this.#send(() => this.#store.release(request));
  }
  pause(request: PauseRequest): Promise<Reign | null> {
    return this.#send(() => this.#store.pause(request));
  }
  async close(): Promise<void> {}

  #send<Answer>(statement: () => Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const giveUp = this.#clock.after(this.#timeoutMs, () => reject(new StoreError('unknown', 'no answer in time')));
      if (this.line.cut) return;
      this.#trueClock.after(this.#delayMs(), () => {
        void statement().then((answer) => {
          if (this.line.cut) return;
          this.#trueClock.after(this.#delayMs(), () => {
            this.#clock.arrive(() => {
              giveUp();
              resolve(answer);
            });
          });
        });
      });
    });
  }

  #delayMs(): number {
    const { slow, longestMs } = this.line;
    return this.#random.chance(slow) ? this.#random.between(1, longestMs) : this.#random.between(0.2, 1.5);
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
