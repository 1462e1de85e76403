import type { Clock, Logger, RecordStore, ReplayClaim, WriteGuard } from '@hotstandby/ports';
import type { Replay } from './replay.ts';

interface Parts {
  store: RecordStore;
  clock: Clock;
  log: Logger;
  gate: () => WriteGuard | null;
  /** Up to where what reached INGEST is settled, whichever replica did it; null: not known. */
  settledBeforeMs: () => Promise<number | null>;
  /** Wall clock of the oldest frame that is not in INGEST yet; null: none. */
  oldestWaitingMs: () => number | null;
  /** Everything that could have another copy is settled, for all replicas. */
  ended: () => void;
  lost: () => void;
}

const renewEveryMs = 1000;
/**
 * How long after the end of a replay frames may still hold datagrams of before it: a frame's age when it is appended,
 * with room for a slow server.
 */
const overlapMs = 5000;

/**
 * This process's turn to settle the beginning of a tenure: renewed while it lasts, ended when every message that may hold
 * a datagram of before the take-over is settled, so that what a dead replica had in hand is settled by the same rules.
 */
export class ReplayTurn {
  readonly #claim: ReplayClaim;
  readonly #replay: Replay;
  readonly #parts: Parts;
  #renewedAtMs: number;
  #busy = false;
  #over = false;

  constructor(claim: ReplayClaim, replay: Replay, parts: Parts) {
    this.#claim = claim;
    this.#replay = replay;
    this.#parts = parts;
    this.#renewedAtMs = parts.clock.monotonicMs();
  }

  /** To be called every now and then. */
  tick(): void {
    const { clock, log } = this.#parts;
    if (this.#busy || this.#over || clock.monotonicMs() - this.#renewedAtMs < renewEveryMs) return;
    this.#busy = true;
    void this.#renew()
      .catch((error: unknown) => log.debug('the turn could not be renewed', { error: String(error) }))
      .finally(() => (this.#busy = false));
  }

  async #renew(): Promise<void> {
    const { store, clock, gate, ended, lost } = this.#parts;
    this.#renewedAtMs = clock.monotonicMs();
    const done = await this.#settled();
    const guard = gate();
    if (!guard) return;
    const turn = await store.replayTurn(guard, this.#claim, done);
    if (turn === 'mine') return;
    this.#over = true;
    if (turn === 'another') return lost();
    this.#replay.end();
    ended();
  }

  async #settled(): Promise<boolean> {
    const { clock, settledBeforeMs, oldestWaitingMs } = this.#parts;
    const endMs = this.#replay.untilMs() + overlapMs;
    if (clock.wallMs() <= endMs || (oldestWaitingMs() ?? Infinity) <= endMs) return false;
    return ((await settledBeforeMs()) ?? -Infinity) > endMs;
  }
}
