import type { Grant } from '@hotstandby/contracts';
import type {
  Clock,
  IngestMessage,
  IngestReader,
  Logger,
  RecordBatch,
  RecordStore,
  ReplayClaim,
  WriteGuard,
} from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';
import type { DatagramDecoder } from './decoder.ts';
import type { Tail } from './late-delivery.ts';
import { HeldMessages } from './held-messages.ts';
import { openMessage, recordsOf, saysNothing, type OpenedMessage } from './message-records.ts';
import type { OpenedReplay, Reigning, ReplayParts } from './open-replay.ts';
import type { Replay } from './replay.ts';
import { ReplayTurn } from './replay-turn.ts';
import type { StoreClock } from './store-clock.ts';
import type { StoreWriter, WriteOutcome } from './store-writer.ts';

/** Which stream is read, and from where on. */
export interface ReaderSource {
  stream: IngestReader;
  /** Behind the tenure's name of the consumer, for a second one of the same stream. */
  suffix?: string;
  /** Null: another collector of this node settles the beginning of the tenure; ask again. */
  open: (reigning: Reigning, parts: ReplayParts) => Promise<OpenedReplay | null>;
}

export interface ReaderParts {
  store: RecordStore;
  decoder: DatagramDecoder;
  writer: StoreWriter;
  clock: Clock;
  log: Logger;
  limits: Pick<CollectorLimits, 'batch' | 'waiting' | 'retry' | 'replayReachMs'>;
  storeClock: StoreClock;
  /** Of this process, among its replicas. */
  instance: string;
  /** Another reader has stored some of what this one comes to: it asks the store before it decodes. */
  skipStored: () => boolean;
  /** Wall clock of the oldest frame that is not in INGEST yet; null: none. */
  oldestWaitingMs: () => number | null;
  /** The guard when the gate is open right now. */
  gate: () => WriteGuard | null;
  onStored: (batches: RecordBatch[], before: number) => void;
  /** Everything that this node received before its take-over is settled. */
  onSettled: (epoch: number, tail: Tail) => void;
  /** The store says that the reign is over. */
  onStale: (epoch: number) => void;
}

/** How often what waits for a template is looked at when nothing else comes. */
const heldEveryMs = 250;

/** A store that is away is asked again for what it has after this. */
const storeAwayDelayMs = 500;

/** A collector whose replica settles the beginning of the tenure looks again after this. */
const anotherDelayMs = 200;

/** The durable consumer of a tenure: the same for every process of this node, so that a restarted one goes on where it was. */
export const consumerOf = (tenure: { epoch: number }): string => `deliver-${tenure.epoch}`;

/** Reads a stream of frames for one tenure and stores it: decode, commit under the guard, and only then settle. */
export class TenureReader {
  readonly tenure: NonNullable<Grant['tenure']>;
  readonly #nodeId: string;
  readonly #source: ReaderSource;
  readonly #parts: ReaderParts;
  readonly #abort = new AbortController();
  readonly #held: HeldMessages;
  #opened: OpenedReplay | null = null;
  /** Ends the reading under way, to open anew. */
  #reading = new AbortController();
  #replayTurn: ReplayTurn | null = null;
  /** One batch after the other, whoever brings it: the consumer or the clock. */
  #turn: Promise<void> = Promise.resolve();
  #decodedVersion = -1;

  constructor(grant: Reigning, source: ReaderSource, parts: ReaderParts) {
    this.tenure = grant.tenure;
    this.#source = source;
    this.#nodeId = grant.nodeId;
    this.#parts = parts;
    this.#held = new HeldMessages(parts.clock, parts.limits.waiting);
  }

  /** Resolves when nothing is under way any more, after `stop`. */
  async run(): Promise<void> {
    const { clock, log, limits } = this.#parts;
    const { stream, open } = this.#source;
    const { signal } = this.#abort;
    const cancelTick = clock.every(heldEveryMs, () => {
      this.#lookAtHeld();
      this.#replayTurn?.tick();
    });
    const backoff = new Backoff(limits.retry);
    let fault: string | null = null;
    while (!signal.aborted) {
      try {
        this.#opened ??= await open({ nodeId: this.#nodeId, tenure: this.tenure }, this.#parts);
        fault = null;
        if (!this.#opened) {
          await pause(clock, anotherDelayMs, signal);
          continue;
        }
        await this.#read(this.#opened, stream, limits.batch);
        if (!this.#opened) continue;
      } catch (error) {
        if (fault === null) {
          const what = this.#opened ? 'INGEST cannot be read' : 'the ledger cannot be read';
          log.warn(`${what}; it is tried again`, { error: String(error) });
        }
        fault = String(error);
      }
      await pause(clock, backoff.next(), signal);
    }
    cancelTick();
    await this.#turn;
    giveBack(this.#held.clear().map(({ message }) => message));
  }

  async #read(opened: OpenedReplay, stream: IngestReader, batch: CollectorLimits['batch']): Promise<void> {
    const { from, replay } = opened;
    const consumer = { name: this.#consumer(), from };
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.#replayTurn = opened.claim && this.#beginTurn(opened, opened.claim);
    if (!opened.claim && opened.tail) this.#parts.onSettled(this.tenure.epoch, opened.tail);
    const take = (messages: IngestMessage[]) => this.#inTurn(() => this.#take(messages, replay));
    if (!this.#abort.signal.aborted) await stream.consume(consumer, batch, take, signal);
  }

  #beginTurn(opened: OpenedReplay, claim: ReplayClaim): ReplayTurn {
    const settledBeforeMs = () => this.#source.stream.settledBeforeMs(this.#consumer());
    return new ReplayTurn(claim, opened.replay, {
      ...this.#parts,
      settledBeforeMs,
      ended: () => {
        opened.claim = null;
        this.#replayTurn = null;
        if (opened.tail) this.#parts.onSettled(this.tenure.epoch, opened.tail);
      },
      lost: () => this.#replaced(opened),
    });
  }

  /** Another collector settles now, with what the ledger says of this one's settling: begin anew when it is done. */
  #replaced(opened: OpenedReplay): void {
    if (this.#opened !== opened) return;
    this.#parts.log.info('another collector of this node settles the take-over', { epoch: this.tenure.epoch });
    this.#opened = null;
    this.#replayTurn = null;
    giveBack(this.#held.clear().map(({ message }) => message));
    this.#reading.abort();
  }

  stop(): void {
    this.#abort.abort();
    this.#reading.abort();
  }

  waiting(): number {
    return this.#held.size();
  }

  /** Stores what waits for a template as it is, and tells how much of the tenure is not stored yet. Rejects when nobody knows. */
  async finish(): Promise<number> {
    if (!this.#opened) throw new Error('the ledger is not read yet');
    await this.#inTurn(() => this.#storeHeld(true));
    return this.#source.stream.backlog(this.#consumer());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      this.#parts.log.error('a batch failed and comes again', { error: String(error) });
    });
    return this.#turn;
  }

  async #take(messages: IngestMessage[], replay: Replay): Promise<void> {
    const over = this.#abort.signal.aborted || this.#opened?.replay !== replay;
    if (over || !this.#parts.gate()) return giveBack(messages);
    const opened = (await this.#unstored(messages, replay)).map((message) => openMessage(message, replay));
    const ready: [OpenedMessage, RecordBatch][] = [];
    for (const one of opened) {
      const records = recordsOf(one, this.#parts.decoder, this.#receiver(), false);
      if (records) ready.push([one, records]);
      else this.#held.hold(one);
    }
    await this.#store(ready);
    if (this.#held.size() > 0) await this.#storeHeld(false);
  }

  /**
   * While a replay is on, without the messages that are stored already: their copies in the ledger are used up, and must
   * not be looked for again. Later the store sorts them out by itself.
   */
  async #unstored(messages: IngestMessage[], replay: Replay): Promise<IngestMessage[]> {
    if (replay.over() && !this.#parts.skipStored()) return messages;
    try {
      const stored = await this.#parts.store.delivered(messages.map(({ id }) => id));
      for (const message of messages) if (stored.has(message.id)) message.ack();
      return messages.filter(({ id }) => !stored.has(id));
    } catch (error) {
      this.#parts.log.debug('the store does not say what it has', { error: String(error) });
      for (const message of messages) message.retry(storeAwayDelayMs);
      return [];
    }
  }

  #consumer(): string {
    return consumerOf(this.tenure) + (this.#source.suffix ?? '');
  }

  #receiver(): { nodeId: string; clockAheadMs: number | null } {
    return { nodeId: this.#nodeId, clockAheadMs: this.#parts.storeClock.aheadMs() };
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
      const records = recordsOf(opened, this.#parts.decoder, this.#receiver(), over || all);
      if (records) ready.push([opened, records]);
    }
    for (const [opened] of ready) this.#held.release(opened);
    await this.#store(ready);
  }

  async #store(ready: [OpenedMessage, RecordBatch][]): Promise<void> {
    if (ready.length === 0) return;
    const { writer, onStored, onStale } = this.#parts;
    const opened = ready.map(([one]) => one);
    const batches = ready.map(([, batch]) => batch).filter((batch) => !saysNothing(batch));
    const claim = this.#opened?.claim ?? null;
    const written = batches.length === 0 ? nothingToStore : await writer.write(batches, claim, this.#abort.signal);
    if (written.outcome === 'stored') {
      for (const { message } of opened) {
        message.ack();
        this.#opened?.replay.forget(message);
      }
      onStored(
        batches,
        opened.reduce((sum, { share }) => sum + share.before, 0),
      );
      return;
    }
    giveBack(opened.map(({ message }) => message));
    if (written.outcome === 'replaced' && this.#opened) this.#replaced(this.#opened);
    if (written.outcome === 'stale') {
      this.stop();
      onStale(written.epoch);
    }
  }
}

const nothingToStore: WriteOutcome = { outcome: 'stored' };

/** To be delivered again at once, when the gate of some process of this node is open again. */
function giveBack(messages: IngestMessage[]): void {
  for (const message of messages) message.retry(0);
}
