import {
  parse,
  pauseRequest,
  resumeRequest,
  errorCodes,
  type ErrorCode,
  type PauseResult,
  type PauseState,
} from '@hotstandby/contracts';
import { paused, type LeaseState } from '@hotstandby/core/lease';
import type { Clock } from '@hotstandby/ports';
import type { OrderDesk } from './order-desk.ts';

export interface PauseDeskParts {
  clock: Clock;
  desk: OrderDesk;
  /** As of now. */
  state(): LeaseState;
}

const attempts = 3;
const lookEveryMs = 20;
/** How long the store may take to show what it confirmed. */
const showMs = 5000;

/** An operator's pause and resume: written to the store, and answered when this node has seen it there. */
export class PauseDesk {
  readonly #parts: PauseDeskParts;

  constructor(parts: PauseDeskParts) {
    this.#parts = parts;
  }

  async pause(payload: unknown): Promise<PauseResult> {
    const { operator, reason, forMs } = parse(pauseRequest, payload, 'a pause request');
    return this.#write({ operator, reason, forMs });
  }

  async resume(payload: unknown): Promise<PauseResult> {
    const { operator, reason } = parse(resumeRequest, payload, 'a resume request');
    if (this.#storeFault() === null && this.now() === null) return this.#refusal('HS_NOT_PAUSED', 'no pause is on');
    return this.#write({ operator, reason, forMs: 0 });
  }

  /** The pause that is on. */
  now(): PauseState | null {
    const state = this.#parts.state();
    const nowMs = this.#parts.clock.monotonicMs();
    if (!state.pause || !paused(state, nowMs)) return null;
    const { number, endsAt, operator, reason, untilMs } = state.pause;
    return { number, remainingMs: Math.round(untilMs - nowMs), endsAt, operator, reason };
  }

  async #write(asked: { operator: string; reason: string; forMs: number }): Promise<PauseResult> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const fault = this.#storeFault();
      if (fault !== null) return this.#refusal('HS_STORE_UNREACHABLE', fault);
      const seenNumber = this.#number();
      const { outcome } = await this.#parts.desk.pause({ ...asked, seenNumber });
      const shown = await this.#shown(seenNumber);
      const mine = shown && this.#parts.state().view?.pause?.operator === asked.operator;
      if (outcome === 'done' || (outcome === 'unknown' && mine)) {
        const until = this.now();
        const message = until ? `paused until ${until.endsAt}` : 'resumed: the pair fails over by itself again';
        return { done: true, code: null, message, pause: until };
      }
      // Somebody else was faster, or nothing got there: with what the store shows now once more.
      if (outcome !== 'refused') return this.#refusal('HS_STORE_UNREACHABLE', `the store did not confirm (${outcome})`);
    }
    return this.#refusal('HS_BUSY', 'others pause and resume at the same time');
  }

  #number(): number {
    return this.#parts.state().view?.pause?.number ?? 0;
  }

  #storeFault(): string | null {
    const { view, barred, store } = this.#parts.state();
    if (barred) return barred;
    return view ? store.message : 'the store has not answered yet';
  }

  /** Resolves when the store shows a newer pause than the one of this number; false: not in time. */
  async #shown(number: number): Promise<boolean> {
    const { clock, desk } = this.#parts;
    const untilMs = clock.monotonicMs() + showMs;
    if (this.#number() <= number) desk.look();
    while (this.#number() <= number && clock.monotonicMs() < untilMs) {
      await new Promise<void>((resolve) => void clock.after(lookEveryMs, resolve));
    }
    return this.#number() > number;
  }

  #refusal(code: ErrorCode, message: string): PauseResult {
    return { done: false, code, message: `${message}. ${errorCodes[code][1]}`, pause: this.now() };
  }
}
