import { CodedError } from '@hotstandby/contracts';
import type { TransferFault } from '@hotstandby/ports';
import type { FileSyncParts } from './parts.ts';

/** Faults that pass by themselves when the other node has just started or changed its role: not told of at once. */
const passing = new Set(['HS_SYNC_UNREACHABLE', 'HS_SYNC_STALE', 'HS_NO_ANSWER', 'HS_SYNC_DIGEST']);
const patienceMs = 10_000;

/** What is wrong now, each kind once: an event when a new cause has come to stay, silence while it lasts. */
export class Troubles {
  readonly #parts: FileSyncParts;
  readonly #now = new Map<string, TransferFault & { sinceMs: number; told: boolean }>();

  constructor(parts: FileSyncParts) {
    this.#parts = parts;
  }

  /** `area`: what it concerns (`pull`, `server`, `watch`, ...); null: that works. */
  set(area: string, fault: TransferFault | null): void {
    const { clock, log, emit } = this.#parts;
    const known = this.#now.get(area);
    if (!fault) {
      if (known) log.info('file synchronisation works again', { area, code: known.code });
      this.#now.delete(area);
      return;
    }
    const nowMs = clock.monotonicMs();
    const same = known?.code === fault.code ? known : null;
    if (!same) log.warn(fault.message, { area, code: fault.code, cure: fault.cure });
    const sinceMs = same?.sinceMs ?? nowMs;
    const due = !passing.has(fault.code) || nowMs - sinceMs >= patienceMs;
    this.#now.set(area, { ...fault, sinceMs, told: (same?.told ?? false) || due });
    // What two areas suffer from (a missing program) is one cause.
    const toldElsewhere = [...this.#now].some(([other, one]) => other !== area && one.code === fault.code && one.told);
    if (due && !same?.told && !toldElsewhere) {
      const { code, message, cure } = fault;
      void emit('sync.failed', { code, message, cure });
    }
  }

  clear(): void {
    this.#now.clear();
  }

  list(): TransferFault[] {
    return [...this.#now.values()].map(({ code, message, cure }) => ({ code, message, cure }));
  }
}

export function asFault(error: unknown): TransferFault {
  if (error instanceof CodedError) return { code: error.code, message: error.message, cure: error.cure };
  return { code: 'HS_SYNC_UNREADABLE', message: String(error), cure: 'See the log of file-sync.' };
}
