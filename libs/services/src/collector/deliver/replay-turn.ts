import type { Logger, RecordStore, ReplayClaim, WriteGuard } from '@hotstandby/ports';
import type { Replay } from './replay.ts';
import { settledBeyond, type SettledParts } from './settled-beyond.ts';

interface Parts extends SettledParts {
  store: RecordStore;
  log: Logger;
  gate: () => WriteGuard | null;
  /** Everything that could have another copy is settled, for all replicas. */
  ended: () => void;
  lost: () => void;
}

const renewEveryMs = 1000;

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
    const done = await settledBeyond(this.#replay.untilMs(), this.#parts);
    const guard = gate();
    if (!guard) return;
    const turn = await store.replayTurn(guard, this.#claim, done);
    if (turn === 'mine') return;
    this.#over = true;
    if (turn === 'another') return lost();
    this.#replay.end();
    ended();
  }
}
