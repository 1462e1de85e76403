import type { Grant } from '@hotstandby/contracts';
import type {
  Cancel,
  Clock,
  Gauge,
  Ingest,
  IngestCopy,
  Logger,
  Metrics,
  RecordStore,
  Retention,
  WriteGuard,
} from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import type { Losses } from '../losses.ts';
import type { StoreClock } from './store-clock.ts';
import type { StoreWriter } from './store-writer.ts';

interface Parts {
  store: RecordStore;
  ingest: Ingest;
  copy: IngestCopy | null;
  writer: StoreWriter;
  storeClock: StoreClock;
  losses: Losses;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  limits: Pick<CollectorLimits, 'keepWarmMs' | 'trimEveryMs'>;
  retention: Retention;
  /** Name of the consumer while delivering. */
  consumer: () => string | null;
  gate: () => (WriteGuard & Pick<Grant, 'nodeId'>) | null;
  /**
   * What may be noted, by the store's clock: how far the other node was compared, and from when on this node's own was not
   * (null: all was). Null: not known yet.
   */
  compared: () => { ownFromMs: number | null; otherBeforeMs: number | null } | null;
  /** Told every second while delivering: how old the oldest is that is not stored. */
  onLag: (lagMs: number) => void;
  /** Wall clock of the oldest frame that is not in INGEST yet; null: none. */
  oldestWaitingMs: () => number | null;
}

const lookAtBacklogEveryMs = 1000;
const paceOverMs = 3000;
/** A frame is no older than this when it is put into the queue for INGEST. */
const frameAgeMs = 1000;

/** What is done beside the flow: the store's connection kept open, old records trimmed, the backlog looked at. */
export class Upkeep {
  readonly #parts: Parts;
  readonly #backlogGauge: Gauge;
  #cancelTimers: Cancel[] = [];
  #backlog: number | null = null;
  #behindMs: number | null = null;
  #pace: { atMs: number; backlog: number | null; perSecond: number | null } = {
    atMs: 0,
    backlog: null,
    perSecond: null,
  };
  #forgotten: string | null = null;
  #lostUpTo: { name: string; sequence: number } | null = null;
  #touching = false;
  #trimming = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#backlogGauge = parts.metrics.gauge(
      'hotstandby_collector_backlog_messages',
      'Messages of INGEST that are not stored yet, while delivering',
    );
  }

  start(): void {
    const { clock, limits } = this.#parts;
    void this.#touch();
    this.#cancelTimers = [
      clock.every(limits.keepWarmMs, () => void this.#touch()),
      clock.every(lookAtBacklogEveryMs, () => void this.#lookAtBacklog()),
      clock.every(limits.trimEveryMs, () => void this.#trim()),
    ];
  }

  stop(): void {
    for (const cancel of this.#cancelTimers.splice(0)) cancel();
  }

  /** Null: nothing is delivered, or it is not known. */
  state(): { backlog: number | null; behindMs: number | null; backlogPerSecond: number | null } {
    return { backlog: this.#backlog, behindMs: this.#behindMs, backlogPerSecond: this.#pace.perSecond };
  }

  /** How fast the backlog shrinks (positive) or grows. */
  #measure(backlog: number): void {
    const atMs = this.#parts.clock.monotonicMs();
    const seconds = (atMs - this.#pace.atMs) / 1000;
    if (seconds < paceOverMs / 1000 && this.#pace.backlog !== null) return;
    const perSecond = this.#pace.backlog === null ? null : Math.round((this.#pace.backlog - backlog) / seconds);
    this.#pace = { atMs, backlog, perSecond };
  }

  /** A take-over must not wait for a connection or a schema. */
  async #touch(): Promise<void> {
    if (this.#touching) return;
    this.#touching = true;
    await this.#parts.writer.touch();
    this.#touching = false;
  }

  async #lookAtBacklog(): Promise<void> {
    const { consumer, ingest, log } = this.#parts;
    const name = consumer();
    if (name === null) {
      this.#backlog = null;
      this.#behindMs = null;
      this.#pace = { atMs: 0, backlog: null, perSecond: null };
      return;
    }
    try {
      this.#backlog = await ingest.backlog(name);
      this.#backlogGauge.set(this.#backlog);
      this.#measure(this.#backlog);
      await this.#lookForLosses(name);
      await this.#noteProgress(name);
      // Off the take-over's path, and once a tenure: consumers of earlier tenures would keep their place for nothing.
      if (this.#forgotten === name) return;
      await ingest.forgetConsumers(name);
      await this.#parts.copy?.forgetConsumers(name);
      this.#forgotten = name;
    } catch (error) {
      log.debug('the backlog of INGEST is not known', { error: String(error) });
    }
  }

  /** For whoever takes over: from where on it has to look for what is not stored. */
  async #noteProgress(name: string): Promise<void> {
    const { ingest, store, gate, oldestWaitingMs, clock, storeClock, onLag, compared } = this.#parts;
    const waitingMs = oldestWaitingMs() ?? clock.wallMs();
    const settledMs = await ingest.settledBeforeMs(name);
    const guard = gate();
    if (settledMs === null || !guard) return;
    this.#behindMs = Math.max(0, clock.wallMs() - Math.min(settledMs, waitingMs));
    onLag(this.#behindMs);
    const known = compared();
    if (!known) return;
    const settledBeforeMs = Math.min(settledMs, waitingMs) - frameAgeMs;
    const clockAheadMs = storeClock.aheadMs();
    await store.noteProgress(guard, { nodeId: guard.nodeId, settledBeforeMs, clockAheadMs, ...known });
  }

  /** The stream's bounds pushed out what was not delivered yet. Counted in messages: nobody knows what was in them. */
  async #lookForLosses(name: string): Promise<void> {
    const position = await this.#parts.ingest.position(name);
    if (!position) return;
    const seen = this.#lostUpTo?.name === name ? this.#lostUpTo.sequence : 0;
    const from = Math.max(position.handedOverSequence, seen);
    const lastGone = position.firstKeptSequence - 1;
    if (lastGone > from) this.#parts.losses.add('frame', 'ingest', lastGone - from);
    this.#lostUpTo = { name, sequence: Math.max(from, lastGone) };
  }

  async #trim(): Promise<void> {
    const { store, retention, gate, log } = this.#parts;
    if (this.#trimming || !gate()) return;
    this.#trimming = true;
    try {
      await store.trim(retention);
    } catch (error) {
      log.warn('old records could not be trimmed; the next hour tries again', { error: String(error) });
    }
    this.#trimming = false;
  }
}
