import type { Clock, Ingest, IngestBounds, Logger } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import type { Losses } from '../losses.ts';
import { Backoff, pause } from '../waiting-time.ts';
import type { Frame } from './framer.ts';

interface Parts {
  ingest: Ingest;
  bounds: IngestBounds;
  clock: Clock;
  log: Logger;
  losses: Losses;
  limits: Pick<CollectorLimits, 'queueBytes' | 'appendsInFlight' | 'retry'>;
  /** Makes the ids of frames unique: one of its own for every process. */
  instance: string;
}

interface Entry extends Frame {
  id: string;
  /** Wall clock. */
  putAtMs: number;
  appended: () => void;
}

/**
 * Brings frames into INGEST: a bounded number at once, each repeated under the same id until it is known to be there.
 * While INGEST is away frames wait in memory up to a bound; what comes beyond it is dropped and counted.
 */
export class IngestQueue {
  readonly #parts: Parts;
  readonly #abort = new AbortController();
  #waiting: Entry[] = [];
  /** What came after `hold`; null: nothing is held. */
  #held: Entry[] | null = null;
  #bytes = 0;
  readonly #appending = new Set<Entry>();
  #frames = 0;
  #appendedDatagrams = 0;
  #fault: string | null = null;
  #opening: Promise<void> | null = null;
  #idleListeners: (() => void)[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `appended` is called when all of them are in INGEST; never when one was dropped. */
  put(frames: Frame[], appended?: () => void): void {
    let missing = frames.length;
    const oneAppended = () => {
      missing--;
      if (missing === 0) appended?.();
    };
    const { losses, limits, instance, clock } = this.#parts;
    for (const frame of frames) {
      if (this.#bytes + frame.bytes.length > limits.queueBytes) {
        losses.add(frame.kind, 'memory', frame.datagrams);
        continue;
      }
      this.#bytes += frame.bytes.length;
      (this.#held ?? this.#waiting).push({
        ...frame,
        id: `${instance}-${++this.#frames}`,
        putAtMs: clock.wallMs(),
        appended: oneAppended,
      });
    }
    this.#pump();
  }

  /** Whether so much waits that senders who can wait should. */
  isPressed(): boolean {
    return this.#bytes > this.#parts.limits.queueBytes / 4;
  }

  /** Resolves when everything put so far is in INGEST; what is put from now on waits in memory until `release`. */
  async hold(): Promise<void> {
    this.#held ??= [];
    if (this.#waiting.length > 0 || this.#appending.size > 0) {
      await new Promise<void>((resolve) => this.#idleListeners.push(resolve));
    }
  }

  release(): void {
    if (!this.#held) return;
    this.#waiting.push(...this.#held);
    this.#held = null;
    this.#pump();
  }

  /** Resolves when everything is in INGEST, or after `patienceMs`; returns how many datagrams are not and are lost. */
  async stop(patienceMs: number): Promise<number> {
    this.release();
    if (this.#waiting.length > 0 || this.#appending.size > 0) {
      const idle = new Promise<void>((resolve) => this.#idleListeners.push(resolve));
      await Promise.race([idle, pause(this.#parts.clock, patienceMs, this.#abort.signal)]);
    }
    this.#abort.abort();
    const lost = this.#waiting.reduce((sum, entry) => sum + entry.datagrams, 0);
    this.#waiting = [];
    return lost;
  }

  state(): {
    bytes: number;
    fault: string | null;
    appendedDatagrams: number;
    held: boolean;
    /** Wall clock of when the oldest frame that is not known to be in INGEST was put; null: none. */
    oldestWaitingMs: number | null;
  } {
    const waiting = [...this.#appending, ...this.#waiting.slice(0, 1), ...(this.#held?.slice(0, 1) ?? [])];
    return {
      bytes: this.#bytes,
      fault: this.#fault,
      appendedDatagrams: this.#appendedDatagrams,
      held: this.#held !== null,
      oldestWaitingMs: waiting.length === 0 ? null : Math.min(...waiting.map(({ putAtMs }) => putAtMs)),
    };
  }

  #pump(): void {
    while (this.#appending.size < this.#parts.limits.appendsInFlight) {
      const entry = this.#waiting.shift();
      if (!entry) break;
      this.#appending.add(entry);
      void this.#append(entry);
    }
    if (this.#appending.size === 0) for (const tell of this.#idleListeners.splice(0)) tell();
  }

  async #append(entry: Entry): Promise<void> {
    const { clock, ingest, limits } = this.#parts;
    const { signal } = this.#abort;
    const backoff = new Backoff(limits.retry);
    for (;;) {
      try {
        await ingest.append(entry.bytes, entry.id);
        break;
      } catch (error) {
        this.#failed(error);
        await pause(clock, backoff.next(), signal);
        if (signal.aborted) return;
        await this.open();
      }
    }
    this.#worked();
    this.#appending.delete(entry);
    this.#bytes -= entry.bytes.length;
    this.#appendedDatagrams += entry.datagrams;
    entry.appended();
    this.#pump();
  }

  /** Makes the stream where it is missing: before the first append, and again when a server came back without it. */
  open(): Promise<void> {
    this.#opening ??= this.#tryOpen().finally(() => (this.#opening = null));
    return this.#opening;
  }

  async #tryOpen(): Promise<void> {
    try {
      await this.#parts.ingest.open(this.#parts.bounds);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#fault === null) this.#parts.log.warn('INGEST takes nothing; frames wait in memory', { error: message });
    this.#fault = message;
  }

  #worked(): void {
    if (this.#fault !== null) this.#parts.log.info('INGEST takes frames again', { waitingBytes: this.#bytes });
    this.#fault = null;
  }
}
