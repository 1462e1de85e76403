import { digestOf, type LedgerEntry } from '@hotstandby/core/ledger';
import { decodeFrame } from '@hotstandby/core/frame';
import type { Bus, Clock, Counter, LedgerReader, Logger, Metrics, RecordStore } from '@hotstandby/ports';
import type { Place } from '@hotstandby/contracts';
import type { DatagramDecoder, Records } from '../deliver/decoder.ts';
import { settledBeyond } from '../deliver/settled-beyond.ts';
import type { StoreClock } from '../deliver/store-clock.ts';
import type { StoreWriter } from '../deliver/store-writer.ts';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';
import { findMissing, type Missing } from './find-missing.ts';
import { pieceMs, Pieces } from './pieces.ts';
import { Received } from './received.ts';
import type { Uncertain } from './uncertain.ts';

interface Parts {
  bus: Bus;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  own: Place;
  peer: Place;
  store: RecordStore;
  ledger: Pick<LedgerReader, 'lines'>;
  storeClock: StoreClock;
  decoder: DatagramDecoder;
  /** False: flows are only summed. */
  rawFlows: boolean;
  writer: StoreWriter;
  limits: Pick<CollectorLimits, 'replayReachMs'>;
  /** Of this process, among its replicas. */
  instance: string;
  /** Up to where what reached INGEST is settled for the tenure, whichever replica did it; null: not known. */
  settledBeforeMs: () => Promise<number | null>;
  /** Wall clock of the oldest frame that is not in INGEST yet; null: none. */
  oldestWaitingMs: () => number | null;
}

/** Who received what is compared. */
interface Side {
  received: Received;
  nodeId: string;
  /** Whose copies are stored; null: cannot be asked. */
  beside: Received | null;
  /** What a replica has noted as compared, by the store's clock. */
  comparedBeforeMs: () => Promise<number>;
}

const lookEveryMs = 1000;
const longestRestMs = 100;
const askAgain = { firstMs: 1000, maxMs: 10_000 };
/** INGEST's time of a message is that of its frame, a moment later than its datagrams'. */
const frameAgeMs = 1000;

/**
 * Both nodes are fed, so what one of them missed (its collector was dead, its socket's buffer full, its cable out) the other
 * one has. The active compares what each node received with the ledger, piece by piece, some seconds behind what comes, and
 * stores what nobody has stored, late, as rows of its own reign. What it has compared it notes, for whoever comes next.
 */
export class LateDelivery {
  readonly #parts: Parts;
  readonly #late: Counter;
  readonly #unevenDatagrams: Counter;
  #under: { epoch: number; abort: () => void } | null = null;
  #ownFromMs: number | null = null;
  #otherBeforeMs: number | null = null;
  #state: 'nothing due' | 'comparing' | 'waiting for the other node' = 'nothing due';
  #datagrams = 0;
  readonly #toldUneven = new Set<string>();
  /** Replicas look one after the other, and find what was done. */
  readonly #turnMs: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#turnMs = (Array.from(parts.instance).reduce((sum, char) => sum + char.charCodeAt(0), 0) % turns) * turnMs;
    this.#late = parts.metrics.counter(
      'hotstandby_collector_late_datagrams_total',
      'Datagrams that one node alone had received and that were stored when the nodes were compared',
    );
    this.#unevenDatagrams = parts.metrics.counter(
      'hotstandby_collector_uneven_datagrams_total',
      'Datagrams of the other node that have no equal here, of exporters that send each node their own',
    );
  }

  begin(epoch: number, uncertain: Uncertain, nodeId: string): void {
    if (this.#under?.epoch === epoch) return;
    this.stop();
    const abort = new AbortController();
    this.#under = { epoch, abort: () => abort.abort() };
    this.#ownFromMs = uncertain.own?.fromMs ?? null;
    this.#state = 'comparing';
    void this.#run(uncertain, nodeId, abort.signal);
  }

  /** The tenure is over. */
  stop(): void {
    this.#under?.abort();
    this.#under = null;
    this.#ownFromMs = null;
    this.#otherBeforeMs = null;
    this.#state = 'nothing due';
  }

  /**
   * What may be noted, by the store's clock: from when on this node's own of before the tenure is open (null: it is not), and
   * that everything of the other node of before `otherBeforeMs` is stored. Null: not known yet.
   */
  compared(): { ownFromMs: number | null; otherBeforeMs: number | null } | null {
    return this.#under && { ownFromMs: this.#ownFromMs, otherBeforeMs: this.#otherBeforeMs };
  }

  state(): { state: string; datagrams: number; comparedBefore: string | null } {
    const comparedBefore = this.#otherBeforeMs === null ? null : new Date(this.#otherBeforeMs).toISOString();
    return { state: this.#state, datagrams: this.#datagrams, comparedBefore };
  }

  async #run({ own, otherFromMs, otherId }: Uncertain, nodeId: string, signal: AbortSignal): Promise<void> {
    const { bus } = this.#parts;
    const here = new Received(bus, this.#parts.own);
    if (own) {
      const alone = { received: here, nodeId, beside: null, comparedBeforeMs: async () => 0 };
      await this.#compare(alone, own, signal, (beforeMs) => (this.#ownFromMs = beforeMs));
      if (signal.aborted) return;
      this.#ownFromMs = null;
    }
    const ever = { fromMs: otherFromMs, untilMs: Infinity };
    const { peer, store } = this.#parts;
    const comparedBeforeMs = async () =>
      (await store.progress()).find((noted) => noted.nodeId === nodeId)?.otherBeforeMs ?? 0;
    const received = new Received(bus, peer);
    const other = { received, nodeId: otherId ?? peer.node, beside: here, comparedBeforeMs };
    await this.#compare(other, ever, signal, (beforeMs) => (this.#otherBeforeMs = beforeMs));
  }

  /** Piece by piece from then on, for as long as it takes. Times of the store's clock. */
  async #compare(
    side: Side,
    { fromMs, untilMs }: { fromMs: number; untilMs: number },
    signal: AbortSignal,
    compared: (beforeMs: number) => void,
  ): Promise<void> {
    const { clock, limits, log, storeClock } = this.#parts;
    const backoff = new Backoff(askAgain);
    const pieces = new Pieces(fromMs, limits.replayReachMs);
    while (!signal.aborted) {
      let waitMs = 0;
      try {
        const { aheadMs, keptSinceMs, waitingSinceMs } = await side.received.clock();
        const nowMs = clock.wallMs() - (storeClock.aheadMs() ?? 0);
        const keptMs = keptSinceMs === null ? null : keptSinceMs - aheadMs - frameAgeMs;
        const pieceFromMs = pieces.next({ aheadMs, keptSinceMs: keptMs, nowMs });
        const endMs = pieceFromMs + pieceMs - aheadMs;
        if (pieceFromMs - aheadMs >= untilMs) return;
        const isThere = (waitingSinceMs ?? Infinity) - frameAgeMs > pieceFromMs + pieceMs;
        if (isThere && (await this.#isOver(endMs))) {
          const wasDone = await side.comparedBeforeMs();
          if (wasDone < endMs) await this.#comparePiece(side, pieceFromMs, aheadMs, signal);
          if (signal.aborted) return;
          compared(pieces.done());
        } else waitMs = Math.max(lookEveryMs, endMs - nowMs);
        backoff.reset();
        this.#state = 'comparing';
      } catch (error) {
        if (signal.aborted) return;
        // It is dead, or starting, or the store is away: for as long as it takes.
        log.debug('what a node received cannot be compared now', { error: String(error) });
        this.#state = 'waiting for the other node';
        waitMs = backoff.next();
      }
      await pause(clock, waitMs, signal);
    }
  }

  /** Whether everything of before then that this node received is stored, and its copies in the other node's INGEST. */
  #isOver(storeMs: number): Promise<boolean> {
    const { storeClock, limits } = this.#parts;
    const ownMs = storeMs + (storeClock.aheadMs() ?? 0);
    return settledBeyond(ownMs + limits.replayReachMs + this.#turnMs, this.#parts);
  }

  async #comparePiece(side: Side, fromMs: number, aheadMs: number, signal: AbortSignal): Promise<void> {
    const { ledger, limits, log, storeClock } = this.#parts;
    const span = { fromMs, untilMs: fromMs + pieceMs };
    const { missing, uneven } = await findMissing(span, {
      received: side.received,
      aheadMs,
      beside: side.beside && { received: side.beside, aheadMs: storeClock.aheadMs() ?? 0 },
      ledger,
      reachMs: limits.replayReachMs,
      breathe: this.#breather(signal),
    });
    this.#tellUneven(uneven);
    let stored = 0;
    for (const one of missing) {
      if (signal.aborted) return;
      stored += await this.#storeOne(one, side, { fromMs, aheadMs }, signal);
    }
    this.#datagrams += stored;
    if (stored > 0) this.#late.add(stored);
    if (stored > 0) log.info('what one node alone had received is stored late', { datagrams: stored });
  }

  async #storeOne(
    one: Missing,
    { received, nodeId }: Side,
    piece: { fromMs: number; aheadMs: number },
    signal: AbortSignal,
  ): Promise<number> {
    const { store, decoder, rawFlows, writer } = this.#parts;
    const frame = await received.frame(one);
    if (!frame) return 0;
    const wanted = new Map<bigint, number>();
    for (const digest of one.digests) wanted.set(digest, (wanted.get(digest) ?? 0) + 1);
    const records: Records = { syslog: [], traps: [], flows: [], columns: null, syslogColumns: null };
    const stored: LedgerEntry[] = [];
    for (const datagram of decodeFrame(frame).datagrams) {
      const { receivedAtMs } = datagram;
      // The rest of it belongs to another piece.
      if (receivedAtMs < piece.fromMs || receivedAtMs >= piece.fromMs + pieceMs) continue;
      const digest = digestOf({ ...datagram, bytes: decoder.alike(datagram) });
      const left = wanted.get(digest) ?? 0;
      if (left === 0) continue;
      wanted.set(digest, left - 1);
      decoder.decode(datagram, records, true);
      stored.push({ digest, receivedAtMs });
    }
    const ledger = { nodeId, clockAheadMs: piece.aheadMs, stored, settled: [] };
    // Whoever compares the piece again, this process or a replica or the next active, finds the mark.
    const messageId = `late ${one.id} ${piece.fromMs}`;
    const staged = store.stage({ messageId, ledger, ...records, sumsOnly: !rawFlows }, 0);
    const written = await writer.write([staged], null, signal);
    if (written.outcome !== 'stored') throw new Error(`not stored: ${written.outcome}`);
    return stored.length;
  }

  /** Rests as long as it worked: what comes now, and the gate, go before what came. */
  #breather(signal: AbortSignal): () => Promise<void> {
    const { clock } = this.#parts;
    let sinceMs = clock.monotonicMs();
    return async () => {
      await pause(clock, Math.min(longestRestMs, clock.monotonicMs() - sinceMs), signal);
      sinceMs = clock.monotonicMs();
    };
  }

  #tellUneven(uneven: ReadonlyMap<string, number>): void {
    for (const [source, datagrams] of uneven) {
      this.#unevenDatagrams.add(datagrams);
      if (this.#toldUneven.has(source) || this.#toldUneven.size >= mostToldUneven) continue;
      this.#toldUneven.add(source);
      this.#parts.log.info('sends each node datagrams of its own, so what one node alone receives of it is not told', {
        source,
      });
    }
  }
}

/** Longer than it takes to compare a piece, and to note that. */
const turnMs = 1500;
const turns = 4;
const mostToldUneven = 100;
