import type { Grant } from '@hotstandby/contracts';
import type { Clock, Ingest, IngestMessage, Logger, RecordBatch } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';
import type { DatagramDecoder } from './decoder.ts';
import { HeldMessages } from './held-messages.ts';
import { countRecords, openMessage, recordsOf, type OpenedMessage } from './message-records.ts';
import type { StoreWriter, WriteOutcome } from './store-writer.ts';
import { TenureStart } from './tenure-start.ts';

export interface ReaderParts {
  ingest: Ingest;
  decoder: DatagramDecoder;
  writer: StoreWriter;
  clock: Clock;
  log: Logger;
  limits: Pick<CollectorLimits, 'batch' | 'waiting' | 'retry'>;
  isOpen: () => boolean;
  onStored: (batches: RecordBatch[], skipped: number) => void;
  /** The store says that the reign is over. */
  onStale: (epoch: number) => void;
}

/** How often what waits for a template is looked at when nothing else comes. */
const heldEveryMs = 250;

/** The durable consumer of a tenure: the same for every process of this node, so that a restarted one goes on where it was. */
export const consumerOf = (tenure: { epoch: number }): string => `deliver-${tenure.epoch}`;

/** Reads INGEST for one tenure and stores it: decode, commit under the guard, and only then settle. */
export class TenureReader {
  readonly tenure: NonNullable<Grant['tenure']>;
  readonly #nodeId: string;
  readonly #parts: ReaderParts;
  readonly #abort = new AbortController();
  readonly #start: TenureStart;
  readonly #held: HeldMessages;
  /** One batch after the other, whoever brings it: the consumer or the clock. */
  #turn: Promise<void> = Promise.resolve();
  #decodedVersion = -1;

  constructor(grant: { nodeId: string; tenure: NonNullable<Grant['tenure']> }, parts: ReaderParts) {
    this.tenure = grant.tenure;
    this.#nodeId = grant.nodeId;
    this.#parts = parts;
    // The first reign of all: nobody else ever delivered anything.
    this.#start = new TenureStart(grant.tenure.epoch === 1 ? null : grant.tenure.startedAtWallMs);
    this.#held = new HeldMessages(parts.clock, parts.limits.waiting);
  }

  /** Resolves when nothing is under way any more, after `stop`. */
  async run(): Promise<void> {
    const { ingest, clock, log, limits } = this.#parts;
    const { signal } = this.#abort;
    const { epoch, startedAtWallMs } = this.tenure;
    const consumer = {
      name: consumerOf(this.tenure),
      from: epoch === 1 ? ('first' as const) : { startTimeMs: startedAtWallMs },
    };
    const cancelTick = clock.every(heldEveryMs, () => this.#lookAtHeld());
    const backoff = new Backoff(limits.retry);
    let fault: string | null = null;
    while (!signal.aborted) {
      try {
        await ingest.consume(consumer, limits.batch, (batch) => this.#inTurn(() => this.#take(batch)), signal);
        fault = null;
      } catch (error) {
        if (fault === null) log.warn('INGEST cannot be read; it is tried again', { error: String(error) });
        fault = String(error);
      }
      await pause(clock, backoff.next(), signal);
    }
    cancelTick();
    await this.#turn;
    giveBack(this.#held.clear());
  }

  stop(): void {
    this.#abort.abort();
  }

  waiting(): number {
    return this.#held.size();
  }

  /** Stores what waits for a template as it is, and tells how much of the tenure is not stored yet. */
  async finish(): Promise<number> {
    await this.#inTurn(() => this.#storeHeld(true));
    return this.#parts.ingest.backlog(consumerOf(this.tenure));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      this.#parts.log.error('a batch failed and comes again', { error: String(error) });
    });
    return this.#turn;
  }

  async #take(messages: IngestMessage[]): Promise<void> {
    const opened = messages.map((message) => openMessage(message, this.#start));
    if (this.#abort.signal.aborted || !this.#parts.isOpen()) return giveBack(opened);
    const ready: [OpenedMessage, RecordBatch][] = [];
    for (const one of opened) {
      const records = recordsOf(one, this.#parts.decoder, this.#nodeId, false);
      if (records) ready.push([one, records]);
      else this.#held.hold(one);
    }
    await this.#store(ready);
    if (this.#held.size() > 0) await this.#storeHeld(false);
  }

  #lookAtHeld(): void {
    if (this.#held.size() > 0) void this.#inTurn(() => this.#storeHeld(false));
  }

  async #storeHeld(all: boolean): Promise<void> {
    const version = this.#parts.decoder.version();
    const learned = version !== this.#decodedVersion;
    this.#decodedVersion = version;
    const ready: [OpenedMessage, RecordBatch][] = [];
    for (const { opened, over } of this.#held.list()) {
      if (!learned && !over && !all) continue;
      const records = recordsOf(opened, this.#parts.decoder, this.#nodeId, over || all);
      if (records) ready.push([opened, records]);
    }
    for (const [opened] of ready) this.#held.release(opened);
    await this.#store(ready);
  }

  async #store(ready: [OpenedMessage, RecordBatch][]): Promise<void> {
    if (ready.length === 0) return;
    const { writer, onStored, onStale } = this.#parts;
    const opened = ready.map(([one]) => one);
    const batches = ready.map(([, batch]) => batch).filter((batch) => countRecords(batch) > 0);
    const written = batches.length === 0 ? nothingToStore : await writer.write(batches, this.#abort.signal);
    if (written.outcome === 'stored') {
      for (const { message } of opened) message.ack();
      onStored(
        batches,
        opened.reduce((sum, one) => sum + one.skipped, 0),
      );
      return;
    }
    giveBack(opened);
    if (written.outcome === 'stale') {
      this.stop();
      onStale(written.epoch);
    }
  }
}

const nothingToStore: WriteOutcome = { outcome: 'stored' };

/** To be delivered again at once, when the gate of some process of this node is open again. */
function giveBack(opened: OpenedMessage[]): void {
  for (const { message } of opened) message.retry(0);
}
