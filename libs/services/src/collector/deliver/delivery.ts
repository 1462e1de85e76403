import type { Emit, Grant } from '@hotstandby/contracts';
import type { Counter, Gauge, Metrics } from '@hotstandby/ports';
import { kindsOfRecords, type ReadyMessage } from './message-records.ts';
import type { Reigning } from './open-replay.ts';
import type { DatagramDecoder } from './decoder.ts';
import { Replay } from './replay.ts';
import { consumerOf, TenureReader, type ReaderParts, type ReaderSource } from './tenure-reader.ts';

type Parts = Omit<ReaderParts, 'onStored' | 'onStale' | 'skipStored'> & {
  /** What this node received; the drain of a planned transition waits for it. */
  own: ReaderSource;
  /** What the other node received, where a copy of that is kept. */
  copy: ReaderSource | null;
  /** With `collector.catchUp: newest`: what decodes what comes now while the backlog is stored behind it. */
  live: { decoder: DatagramDecoder; keepsLedger: boolean } | null;
  emit: Emit;
  metrics: Metrics;
};
type Open = Grant & { epoch: number };

/** A backlog this old is stored behind what comes now, until it is as young as the second. */
const behindMs = 10_000;
const caughtUpMs = 2000;
/** What comes this long after a tenure began has nothing to do with earlier ones, whatever clocks and buffers do. */
const settledAfterMs = 10_000;

/** Delivers while the gate is open: one reader a stream and tenure, which goes on through newer epochs of the same tenure. */
export class Delivery {
  readonly #parts: Parts;
  readonly #records: Counter;
  readonly #malformed: Counter;
  readonly #flows: Counter;
  readonly #before: Counter;
  readonly #settled: Counter;
  readonly #firstCommit: Gauge;
  readonly #stored = { syslog: 0, trap: 0, flow: 0, malformed: 0 };
  readonly #decodedFlows = { inColumns: 0, asRecords: 0 };
  readonly #ended = new Set<Promise<void>>();
  #reader: TenureReader | null = null;
  #copyReader: TenureReader | null = null;
  #liveReader: TenureReader | null = null;
  #reigning: Reigning | null = null;
  #staleEpoch = 0;
  #openedAtMs: number | null = null;
  #firstCommitAfterMs: number | null = null;
  #fault: string | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { metrics } = parts;
    this.#records = metrics.counter('hotstandby_collector_stored_records_total', 'Records stored, by kind', ['kind']);
    this.#malformed = metrics.counter(
      'hotstandby_collector_malformed_records_total',
      'Records stored as they came because they could not be read, by kind',
      ['kind'],
    );
    this.#flows = metrics.counter(
      'hotstandby_collector_decoded_flows_total',
      'Flows stored or summed, by how they were decoded: in columns, or one by one as records, which takes many times as long',
      ['decoded'],
    );
    this.#before = metrics.counter(
      'hotstandby_collector_before_tenure_datagrams_total',
      'Datagrams left out because they were received before what the tenure before has not stored',
    );
    this.#settled = metrics.counter(
      'hotstandby_collector_settled_datagrams_total',
      'Datagrams left out because the tenure before had stored their other copy',
    );
    this.#firstCommit = metrics.gauge(
      'hotstandby_collector_first_commit_seconds',
      'From the opening of the gate to the first batch stored',
    );
  }

  opened(grant: Open): void {
    const { tenure, epoch } = grant;
    if (epoch <= this.#staleEpoch) return;
    this.#fault = null;
    if (!tenure) {
      this.#fault = 'the grant names no tenure, so nobody knows from where to deliver';
      this.#parts.log.error(this.#fault, { epoch });
      return;
    }
    if (this.#reader?.tenure.epoch === tenure.epoch) return;
    this.shut();
    this.#openedAtMs = this.#parts.clock.monotonicMs();
    this.#firstCommitAfterMs = null;
    const { own, copy } = this.#parts;
    // What an earlier reader has under way counts for what these read of the ledger.
    const earlier = Promise.all(this.#ended);
    const reigning = { nodeId: grant.nodeId, tenure };
    this.#reigning = reigning;
    this.#reader = this.#begin(reigning, own, earlier);
    this.#copyReader = copy && this.#begin(reigning, copy, earlier);
    void this.#parts.emit('collector.delivering', { consumer: consumerOf(tenure) }, { epoch });
  }

  #begin(
    reigning: Reigning,
    source: ReaderSource,
    after: Promise<unknown>,
    decoder = this.#parts.decoder,
  ): TenureReader {
    const reader = new TenureReader(reigning, source, {
      ...this.#parts,
      decoder,
      skipStored: () => this.#liveReader !== null && reader !== this.#liveReader,
      onStored: (messages) => this.#count(messages),
      onStale: (stale) => this.#stale(reader, stale),
    });
    const ended = after.then(() => reader.run()).finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
    return reader;
  }

  /** How far what is stored lags behind what comes. The marks of messages keep both readers from storing one twice. */
  lag(lagMs: number): void {
    const { live, own, writer, clock, log } = this.#parts;
    const reader = this.#reader;
    const reigning = this.#reigning;
    if (!live || !reader || !reigning) return;
    if (this.#liveReader) {
      if (lagMs > caughtUpMs) return;
      log.info('the backlog is stored', { epoch: reader.tenure.epoch });
      this.#liveReader.stop();
      this.#liveReader = null;
      return;
    }
    const nowMs = clock.wallMs();
    const young = nowMs - reader.tenure.startedAtWallMs < settledAfterMs;
    if (lagMs < behindMs || young || writer.state().fault !== null) return;
    log.info('what comes now is stored first, the backlog behind it', { behindSeconds: Math.round(lagMs / 1000) });
    const replay = Replay.ofEverything(
      live.keepsLedger ? 'with ledger' : 'without ledger',
      live.decoder.alike.bind(live.decoder),
    );
    const opened = { from: { startTimeMs: nowMs - caughtUpMs }, replay, uncertain: null, claim: null };
    // Replicas that begin in the same minute share it.
    const suffix = `-live-${Math.floor(nowMs / 60_000)}`;
    const source = { stream: own.stream, suffix, open: () => Promise.resolve(opened) };
    this.#liveReader = this.#begin(reigning, source, Promise.resolve(), live.decoder);
  }

  shut(): void {
    this.#reader?.stop();
    this.#copyReader?.stop();
    this.#liveReader?.stop();
    this.#reader = null;
    this.#copyReader = null;
    this.#liveReader = null;
    this.#reigning = null;
    this.#openedAtMs = null;
  }

  async stop(): Promise<void> {
    this.shut();
    await Promise.all(this.#ended);
  }

  /** The reader of the present tenure that reads what this node received; null while nothing is delivered. */
  reader(): TenureReader | null {
    return this.#reader;
  }

  state() {
    return {
      delivering: this.#reader ? consumerOf(this.#reader.tenure) : null,
      waitingForTemplate:
        (this.#reader?.waiting() ?? 0) + (this.#copyReader?.waiting() ?? 0) + (this.#liveReader?.waiting() ?? 0),
      newestFirst: this.#liveReader !== null,
      stored: { ...this.#stored },
      decodedFlows: { ...this.#decodedFlows },
      firstCommitAfterMs: this.#firstCommitAfterMs,
      fault: this.#fault,
    };
  }

  #stale(reader: TenureReader, epoch: number): void {
    this.#staleEpoch = Math.max(this.#staleEpoch, epoch);
    this.#parts.log.warn('the store says that this reign is over; delivery has stopped', { epoch });
    if ([this.#reader, this.#copyReader, this.#liveReader].includes(reader)) this.shut();
  }

  #count(messages: ReadyMessage[]): void {
    if (this.#openedAtMs !== null && this.#firstCommitAfterMs === null) {
      this.#firstCommitAfterMs = this.#parts.clock.monotonicMs() - this.#openedAtMs;
      this.#firstCommit.set(this.#firstCommitAfterMs / 1000);
      this.#parts.log.info('the first batch of the tenure is stored', {
        afterMs: Math.round(this.#firstCommitAfterMs),
        records: messages.reduce((sum, { batch }) => sum + batch.rows, 0),
      });
    }
    const before = messages.reduce((sum, message) => sum + message.before, 0);
    if (before > 0) this.#before.add(before);
    const settled = messages.reduce((sum, { batch }) => sum + batch.settled, 0);
    if (settled > 0) this.#settled.add(settled);
    for (const decoded of ['inColumns', 'asRecords'] as const) {
      const flows = messages.reduce((sum, message) => sum + message.flows[decoded], 0);
      this.#decodedFlows[decoded] += flows;
      if (flows > 0) this.#flows.add(flows, { decoded: decoded === 'inColumns' ? 'columns' : 'records' });
    }
    for (const kind of kindsOfRecords) {
      const records = messages.reduce((sum, { tally }) => sum + tally[kind].records, 0);
      const malformed = messages.reduce((sum, { tally }) => sum + tally[kind].malformed, 0);
      this.#stored[kind] += records;
      this.#stored.malformed += malformed;
      if (records > 0) this.#records.add(records, { kind });
      if (malformed > 0) this.#malformed.add(malformed, { kind });
    }
  }
}
