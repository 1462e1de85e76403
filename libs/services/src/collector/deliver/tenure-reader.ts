import type { Grant } from '@hotstandby/contracts';
import { FlowColumns, SyslogColumns } from '@hotstandby/decoders';
import type {
  Cancel,
  Clock,
  GatheredSums,
  IngestMessage,
  IngestReader,
  Logger,
  RecordStore,
  ReplayClaim,
  WriteGuard,
} from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';
import type { DatagramDecoder } from './decoder.ts';
import type { Uncertain } from '../late/uncertain.ts';
import { HeldMessages } from './held-messages.ts';
import { openMessage, readMessage, saysNothing, type OpenedMessage, type ReadyMessage } from './message-records.ts';
import type { OpenedReplay, Reigning, ReplayParts } from './open-replay.ts';
import type { Replay } from './replay.ts';
import { ReplayTurn } from './replay-turn.ts';
import type { SettledParts } from './settled-beyond.ts';
import type { StoreClock } from './store-clock.ts';
import type { Sinks } from './sinks.ts';
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
  sinks: Sinks;
  /** False: the store gets flows only to sum them. */
  rawFlows: boolean;
  writer: StoreWriter;
  clock: Clock;
  log: Logger;
  limits: Pick<CollectorLimits, 'batch' | 'waiting' | 'retry' | 'replayReachMs' | 'writesAtOnce' | 'flowWindow'>;
  storeClock: StoreClock;
  /** Of this process, among its replicas. */
  instance: string;
  /** Another reader has stored some of what this one comes to: it asks the store before it decodes. */
  skipStored: () => boolean;
  /** Wall clock of the oldest frame that is not in INGEST yet; null: none. */
  oldestWaitingMs: () => number | null;
  /** The guard when the gate is open right now. */
  gate: () => WriteGuard | null;
  onStored: (messages: ReadyMessage[]) => void;
  /** Before anything is stored: what has to be compared besides. */
  onOpened: (epoch: number, uncertain: Uncertain, nodeId: string) => void;
  /** The store says that the reign is over. */
  onStale: (epoch: number) => void;
}

/** How often what waits for a template is looked at when nothing else comes. */
const heldEveryMs = 250;

/** What is decoded in one go: every answer of the store waits for the end of it. */
const messagesATurn = 1;

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
  /** For one message after the other; null: some sink wants flows as records. */
  readonly #columns: FlowColumns | null;
  /** The same of syslog. */
  readonly #syslogColumns: SyslogColumns | null;
  #opened: OpenedReplay | null = null;
  /** Ends the reading under way, to open anew. */
  #reading = new AbortController();
  #replayTurn: ReplayTurn | null = null;
  /** One batch after the other, whoever brings it: the consumer or the clock. */
  #turn: Promise<void> = Promise.resolve();
  /** While these commit, the next batch is decoded. */
  readonly #writes = new Set<Promise<void>>();
  /** Flows that are only summed: the longer they are gathered, the fewer rows they become. */
  #gathered: ReadyMessage[] = [];
  #sums: GatheredSums | null = null;
  #cancelGathering: Cancel = () => {};
  #decodedVersion = -1;
  /** What a stream begins with may be stored: it is read from where the tenure before had come to for certain. */
  #beginsStored = true;

  constructor(grant: Reigning, source: ReaderSource, parts: ReaderParts) {
    this.tenure = grant.tenure;
    this.#source = source;
    this.#nodeId = grant.nodeId;
    this.#parts = parts;
    this.#held = new HeldMessages(parts.clock, parts.limits.waiting);
    this.#syslogColumns = parts.sinks.readsSyslog() ? null : new SyslogColumns();
    this.#columns = parts.sinks.readsFlows() ? null : new FlowColumns(parts.rawFlows ? 'flows' : 'sums');
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
        const breathe = () => pause(clock, 0, signal);
        this.#opened ??= await open({ nodeId: this.#nodeId, tenure: this.tenure }, { ...this.#parts, breathe });
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
    await Promise.all(this.#writes);
    this.#cancelGathering();
    this.#sums = null;
    giveBack(this.#gathered.splice(0).map(({ message }) => message));
    giveBack(this.#held.clear().map(({ message }) => message));
  }

  async #read(opened: OpenedReplay, stream: IngestReader, batch: CollectorLimits['batch']): Promise<void> {
    const { from, replay } = opened;
    const consumer = { name: this.#consumer(), from };
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.#beginsStored = true;
    this.#replayTurn = opened.claim && this.#beginTurn(opened, opened.claim);
    if (opened.uncertain) this.#parts.onOpened(this.tenure.epoch, opened.uncertain, this.#nodeId);
    const take = (messages: IngestMessage[]) => this.#inTurn(() => this.#take(messages, replay));
    if (!this.#abort.signal.aborted) await stream.consume(consumer, batch, take, signal);
  }

  #beginTurn(opened: OpenedReplay, claim: ReplayClaim): ReplayTurn {
    return new ReplayTurn(claim, opened.replay, {
      ...this.#parts,
      ...this.#settledParts(),
      ended: () => {
        opened.claim = null;
        this.#replayTurn = null;
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
    this.#cancelGathering();
    this.#sums = null;
    giveBack(this.#gathered.splice(0).map(({ message }) => message));
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
    await this.#inTurn(() => this.#storeGathered());
    await Promise.all(this.#writes);
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
    const unstored = await this.#unstored(messages, replay);
    const ready: ReadyMessage[] = [];
    for (const [index, message] of unstored.entries()) {
      // A gate that hears nothing of its grant shuts: others have their turn.
      if (index % messagesATurn === messagesATurn - 1) await pause(this.#parts.clock, 0, this.#abort.signal);
      // Another collector settles now, and these come again to whoever it is.
      if (this.#opened?.replay !== replay) return giveBack(unstored);
      // One by one: what is made of all of them at once lives so long that it has to be collected.
      const one = openMessage(message, replay);
      const read = this.#rowsOf(one, false);
      if (read) ready.push(read);
      else this.#held.hold(one);
    }
    const gathers = replay.over();
    await this.#store(ready.filter(({ summed }) => !gathers || summed === 0));
    await this.#gather(ready.filter(({ summed }) => gathers && summed > 0));
    // While a replay is on, what is asked of the store next must see what was written before.
    if (!replay.over()) await Promise.all(this.#writes);
    if (this.#held.size() > 0) await this.#storeHeld(false);
  }

  /**
   * While a replay is on, without the messages that are stored already: their copies in the ledger are used up, and must
   * not be looked for again. In the beginning, too: to decode them costs whoever takes over a second at a high rate.
   * Later the store sorts them out by itself.
   */
  async #unstored(messages: IngestMessage[], replay: Replay): Promise<IngestMessage[]> {
    const must = !replay.over() || this.#parts.skipStored();
    if (!must && !this.#beginsStored) return messages;
    try {
      const stored = await this.#parts.store.delivered(messages.map(({ id }) => id));
      this.#beginsStored &&= stored.size > 0;
      for (const message of messages) if (stored.has(message.id)) message.ack();
      return messages.filter(({ id }) => !stored.has(id));
    } catch (error) {
      this.#parts.log.debug('the store does not say what it has', { error: String(error) });
      if (!must) return messages;
      for (const message of messages) message.retry(storeAwayDelayMs);
      return [];
    }
  }

  #settledParts(): SettledParts {
    const { clock, oldestWaitingMs } = this.#parts;
    return { clock, oldestWaitingMs, settledBeforeMs: () => this.#source.stream.settledBeforeMs(this.#consumer()) };
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
    const ready: ReadyMessage[] = [];
    for (const { opened, over } of this.#held.list()) {
      if (!learned && !over && !all) continue;
      const read = this.#rowsOf(opened, over || all);
      if (!read) continue;
      ready.push(read);
      this.#held.release(opened);
    }
    await this.#store(ready);
  }

  #rowsOf(opened: OpenedMessage, final: boolean): ReadyMessage | null {
    const { decoder, store, sinks, rawFlows, gate } = this.#parts;
    const [columns, syslogColumns] = [this.#columns, this.#syslogColumns];
    const epoch = gate()?.epoch ?? 0;
    const reading = { decoder, store, sinks, rawFlows, columns, syslogColumns, receiver: this.#receiver(), epoch };
    return readMessage(opened, reading, final);
  }

  async #gather(messages: ReadyMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const { clock, limits, store: records } = this.#parts;
    if (this.#gathered.length === 0) {
      const store = () => void this.#inTurn(() => this.#storeGathered());
      this.#cancelGathering = clock.after(limits.flowWindow.maxMs, store);
    }
    for (const message of messages) {
      this.#gathered.push(message);
      this.#sums = records.gather(message.batch, this.#sums);
    }
    const { maxFlows, maxRows } = limits.flowWindow;
    if (this.#sums && (this.#sums.flows >= maxFlows || this.#sums.rows >= maxRows)) await this.#storeGathered();
  }

  async #storeGathered(): Promise<void> {
    this.#cancelGathering();
    this.#sums = null;
    await this.#store(this.#gathered.splice(0));
  }

  /** Resolves as soon as there is room for another write. */
  async #store(ready: ReadyMessage[]): Promise<void> {
    if (ready.length === 0) return;
    const write = this.#write(ready)
      .catch((error: unknown) => this.#parts.log.error('a batch failed and comes again', { error: String(error) }))
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
    while (this.#writes.size >= this.#parts.limits.writesAtOnce) await Promise.race(this.#writes);
  }

  async #write(ready: ReadyMessage[]): Promise<void> {
    const { writer, sinks, onStored, onStale } = this.#parts;
    const { signal } = this.#abort;
    // Under which all of this was read.
    const current = this.#opened;
    const claim = current?.claim ?? null;
    const forSinks = ready.flatMap((message) => message.forSinks);
    if (!(await sinks.deliver(forSinks, signal))) return giveBack(ready.map(({ message }) => message));
    const batches = ready.map(({ batch }) => batch).filter((batch) => !saysNothing(batch));
    const written = batches.length === 0 ? nothingToStore : await writer.write(batches, claim, signal);
    if (written.outcome === 'stored') {
      for (const { message } of ready) {
        message.ack();
        current?.replay.forget(message);
      }
      onStored(ready);
      return;
    }
    const known = written.outcome === 'known' ? written.messageIds : nobody;
    for (const { message } of ready.filter((one) => known.has(one.message.id))) message.ack();
    giveBack(ready.map(({ message }) => message).filter(({ id }) => !known.has(id)));
    if (written.outcome === 'replaced' && current) this.#replaced(current);
    if (written.outcome === 'stale') {
      this.stop();
      onStale(written.epoch);
    }
  }
}

const nobody: ReadonlySet<string> = new Set();
const nothingToStore: WriteOutcome = { outcome: 'stored' };

/** To be delivered again at once, when the gate of some process of this node is open again. */
function giveBack(messages: Pick<IngestMessage, 'retry'>[]): void {
  for (const message of messages) message.retry(0);
}
