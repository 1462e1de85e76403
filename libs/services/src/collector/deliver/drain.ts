import type { Place, PrepareReply, PrepareRequest } from '@hotstandby/contracts';
import type { Bus, Cancel, Clock, Logger } from '@hotstandby/ports';
import { Listener } from '../../role-watch/index.ts';
import { pause } from '../waiting-time.ts';

interface Parts {
  bus: Bus;
  clock: Clock;
  place: Place;
  log: Logger;
  deadlineMs: number;
  isOpen: () => boolean;
  /** Everything received so far into INGEST; what comes later waits in memory. */
  hold: (signal: AbortSignal) => Promise<void>;
  /** What waits goes into INGEST again. */
  release: () => void;
  /** How much of INGEST is not committed yet. */
  unfinished: () => Promise<number>;
}

const name = 'collector';
const order = 500;
const ttlMs = 30_000;
const lookEveryMs = 5;
/** After a drain the arbiter lets go or calls the transition off, and says so; if it says nothing, the flow goes on. */
const resumeAfterMs = 3000;

/**
 * Takes part in planned transitions: before the active lets go, everything that was received is stored. What comes
 * meanwhile waits in memory; it goes on when the gate shuts, when the transition is called off, or when nobody says
 * anything more.
 */
export class Drain {
  readonly #parts: Parts;
  readonly listener: Listener;
  #cancelResume: Cancel = () => {};
  /** Of the drain under way, which may be done already and waits for what comes next. */
  #draining: { end: () => void } | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { deadlineMs } = parts;
    this.listener = new Listener(parts, { name, order, deadlineMs, ttlMs }, (request) => this.#prepare(request));
  }

  start(): void {
    this.listener.start();
  }

  /** The gate is shut by now. */
  async stop(): Promise<void> {
    this.#cancelResume();
    await this.listener.stop();
  }

  /** The gate shut: whatever was prepared has happened, or is void. */
  gateShut(): void {
    this.#resume();
  }

  state(): { registered: boolean; draining: boolean } {
    return { registered: this.listener.registered(), draining: this.#draining !== null };
  }

  async #prepare(request: PrepareRequest): Promise<PrepareReply> {
    if (request.phase === 'post') {
      this.#resume();
      return { done: true };
    }
    if (request.from !== 'active' || !this.#parts.isOpen()) return { done: true };
    return this.#drain(request);
  }

  async #drain({ deadlineMs, rule }: PrepareRequest): Promise<PrepareReply> {
    const { clock, log } = this.#parts;
    const beganMs = clock.monotonicMs();
    this.#draining?.end();
    const over = new AbortController();
    this.#draining = { end: () => over.abort() };
    this.#cancelResume();
    this.#cancelResume = clock.after(deadlineMs + resumeAfterMs, () => this.#resume());
    const cancel = clock.after(deadlineMs, () => over.abort());
    const left = await Promise.race([this.#finish(over.signal), aborted(over.signal).then((): number | null => null)]);
    cancel();
    const tookMs = Math.round(clock.monotonicMs() - beganMs);
    if (left === 0) {
      log.info('everything received is stored before the transition', { rule, tookMs });
      return { done: true };
    }
    log.warn('not everything received could be stored before the transition', { rule, tookMs });
    return { done: false, message: 'not everything in INGEST is stored yet' };
  }

  async #finish(signal: AbortSignal): Promise<number> {
    const { clock, hold, unfinished, isOpen } = this.#parts;
    await hold(signal);
    for (;;) {
      // Not known: NATS is away for the moment, or the ledger is not read yet.
      const left = await unfinished().catch(() => 1);
      if (left === 0 || signal.aborted || !isOpen()) return left;
      await pause(clock, lookEveryMs, signal);
    }
  }

  #resume(): void {
    this.#cancelResume();
    if (!this.#draining) return;
    this.#draining.end();
    this.#draining = null;
    this.#parts.release();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
