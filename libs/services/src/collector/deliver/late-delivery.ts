import { frameAnswer, parse, subjects, type Place } from '@hotstandby/contracts';
import { decodeFrame } from '@hotstandby/core/frame';
import { digestOf, entriesFromText, Settlement, type LedgerEntry } from '@hotstandby/core/ledger';
import type { Bus, Clock, Counter, Logger, Metrics, RecordStore } from '@hotstandby/ports';
import { readCensus } from '../../pair-view/index.ts';
import type { CollectorLimits } from '../limits.ts';
import { Backoff, pause } from '../waiting-time.ts';
import type { DatagramDecoder, Records } from './decoder.ts';
import type { StoreClock } from './store-clock.ts';
import type { StoreWriter } from './store-writer.ts';

interface Parts {
  bus: Bus;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  peer: Place;
  store: RecordStore;
  storeClock: StoreClock;
  decoder: DatagramDecoder;
  /** False: flows are only summed. */
  rawFlows: boolean;
  writer: StoreWriter;
  limits: Pick<CollectorLimits, 'replayReachMs'>;
}

/** The time in which the node before may have received what it never stored. By this node's clock. */
export interface Tail {
  nodeId: string;
  fromMs: number;
  untilMs: number;
}

const answerWithinMs = 10_000;
const askAgain = { firstMs: 1000, maxMs: 10_000 };
/** Less than the ledger is kept: later nobody could tell what is stored. */
const longestMs = 2.5 * 3_600_000;

/** A message of the other node with what of it nobody has stored. */
interface Missing {
  id: string;
  sequence: number;
  digests: bigint[];
}

/**
 * Both nodes are fed, yet a dead node may hold what it alone received and had not stored. When it is back, the active asks
 * it what it received before the take-over and stores what the ledger does not name, late, as rows of its own reign.
 */
export class LateDelivery {
  readonly #parts: Parts;
  readonly #late: Counter;
  #under: { epoch: number; abort: () => void } | null = null;
  #state: 'nothing due' | 'waiting for the other node' | 'done' = 'nothing due';
  #datagrams = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#late = parts.metrics.counter(
      'hotstandby_collector_late_datagrams_total',
      'Datagrams that the other node alone had received and this one stored after its return',
    );
  }

  /** Once everything that this node received before its take-over is settled. */
  begin(epoch: number, tail: Tail): void {
    if (this.#under?.epoch === epoch) return;
    this.stop();
    const abort = new AbortController();
    this.#under = { epoch, abort: () => abort.abort() };
    this.#state = 'waiting for the other node';
    void this.#run(tail, abort.signal);
  }

  /** The tenure is over. */
  stop(): void {
    this.#under?.abort();
    this.#under = null;
    this.#state = 'nothing due';
  }

  state(): { state: string; datagrams: number } {
    return { state: this.#state, datagrams: this.#datagrams };
  }

  async #run(tail: Tail, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    const backoff = new Backoff(askAgain);
    while (!signal.aborted && clock.wallMs() - tail.untilMs < longestMs) {
      try {
        const late = await this.#deliver(tail, signal);
        if (signal.aborted) return;
        this.#state = 'done';
        this.#datagrams += late;
        if (late > 0) this.#late.add(late);
        if (late > 0) log.info('what the other node alone had received is stored late', { datagrams: late });
        return;
      } catch (error) {
        // It is dead, or starting, or the store is away: for as long as it takes.
        log.debug('the other node does not tell yet what it still holds', { error: String(error) });
      }
      await pause(clock, backoff.next(), signal);
    }
  }

  /** Returns how many were stored. Throws when it is not known to be all. */
  async #deliver(tail: Tail, signal: AbortSignal): Promise<number> {
    const { missing, theirAheadMs } = await this.#missing(tail);
    let stored = 0;
    for (const one of missing) {
      if (signal.aborted) return stored;
      stored += await this.#storeOne(one, tail, theirAheadMs, signal);
    }
    return stored;
  }

  async #missing({ fromMs, untilMs }: Tail): Promise<{ missing: Missing[]; theirAheadMs: number }> {
    const { bus, peer, store, storeClock, limits } = this.#parts;
    const ownAheadMs = storeClock.aheadMs() ?? 0;
    let theirAheadMs: number | null = null;
    for await (const answer of readCensus(bus, peer, { stream: 'own', fromMs: 0, untilMs: 0 }))
      theirAheadMs = answer.clockAheadMs;
    // Without it nobody knows which of its times are meant.
    if (theirAheadMs === null) throw new Error('the other node has not compared its clock yet');
    const laterMs = theirAheadMs - ownAheadMs;
    const reachMs = limits.replayReachMs;
    const ledger = await store.ledger(Number.MAX_SAFE_INTEGER, fromMs - 2 * reachMs, ownAheadMs);
    const settlement = new Settlement(ledger.stored, reachMs);
    const missing: Missing[] = [];
    const wanted = { stream: 'own' as const, fromMs: fromMs + laterMs, untilMs: untilMs + laterMs };
    for await (const { messages } of readCensus(bus, peer, wanted)) {
      for (const { id, sequence, groups } of messages) {
        const entries = groups.flatMap((group) => entriesFromText(group.entries));
        const digests = entries
          .filter(({ digest, receivedAtMs }) => !settlement.take({ digest, receivedAtMs: receivedAtMs - laterMs }))
          .map(({ digest }) => digest);
        if (digests.length > 0) missing.push({ id, sequence, digests });
      }
    }
    return { missing, theirAheadMs };
  }

  async #storeOne(one: Missing, { nodeId }: Tail, clockAheadMs: number, signal: AbortSignal): Promise<number> {
    const { bus, peer, store, decoder, rawFlows, writer } = this.#parts;
    const answer = await bus.request(subjects.frame(peer), { sequence: one.sequence }, answerWithinMs);
    const { message } = parse(frameAnswer, answer, 'a message of INGEST');
    if (message?.id !== one.id) return 0;
    const wanted = new Map<bigint, number>();
    for (const digest of one.digests) wanted.set(digest, (wanted.get(digest) ?? 0) + 1);
    const records: Records = { syslog: [], traps: [], flows: [], columns: null, syslogColumns: null };
    const stored: LedgerEntry[] = [];
    for (const datagram of decodeFrame(bytesOf(message.frame)).datagrams) {
      const digest = digestOf({ ...datagram, bytes: decoder.alike(datagram) });
      const left = wanted.get(digest) ?? 0;
      if (left === 0) continue;
      wanted.set(digest, left - 1);
      decoder.decode(datagram, records, true);
      stored.push({ digest, receivedAtMs: datagram.receivedAtMs });
    }
    const ledger = { nodeId, clockAheadMs, stored, settled: [] };
    // Whoever asks again, this process or a replica, finds the mark.
    const staged = store.stage({ messageId: `late ${one.id}`, ledger, ...records, sumsOnly: !rawFlows }, 0);
    const written = await writer.write([staged], null, signal);
    if (written.outcome !== 'stored') throw new Error(`not stored: ${written.outcome}`);
    return stored.length;
  }
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length >> 1 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
