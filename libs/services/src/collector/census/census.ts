import {
  censusRequest,
  CodedError,
  frameRequest,
  parse,
  subjects,
  type CensusAnswer,
  type CensusRequest,
  type FrameAnswer,
  type Place,
} from '@hotstandby/contracts';
import { decodeFrame } from '@hotstandby/core/frame';
import type { Bus, Clock, IngestReader, Unsubscribe } from '@hotstandby/ports';
import type { DatagramDecoder } from '../deliver/decoder.ts';
import type { StoreClock } from '../deliver/store-clock.ts';
import { receiptOf, tellOf, type Receipt, type ToldMessage } from './receipt.ts';
import type { RecentReceipts } from './recent-receipts.ts';

interface Parts {
  bus: Bus;
  place: Place;
  feed: 'dual' | 'vip';
  own: IngestReader;
  copy: IngestReader | null;
  decoder: Pick<DatagramDecoder, 'alike'>;
  storeClock: StoreClock;
  /** What came into the own stream of late. */
  recent: Pick<RecentReceipts, 'from'>;
  /** Wall clock of the oldest frame that is not in INGEST yet; null: none. */
  waitingSinceMs: () => number | null;
  clock: Pick<Clock, 'monotonicMs' | 'after'>;
}

/** An answer holds about so many datagrams: 24 characters each, and a NATS message takes 1 MiB. */
const datagramsAnAnswer = 20_000;
/** What is read beyond an answer is read again for the next. */
const readAtOnce = { messages: 2048, bytes: 2 * 1024 * 1024 };
/** What was found in that time is answered: whoever asked goes on from there, and knows that somebody is at it. */
const answerAfterMs = 3000;
const nothing = { messages: 0, bytes: 0 };
/** INGEST's time of a message is that of its frame, a moment later than its datagrams'. */
const frameAgeMs = 1000;
/** A few ms of work: whoever asks must not keep a take-over waiting. */
const datagramsABreath = 1000;
/** Frames that waited for INGEST come late; further behind than this nobody looks. */
const lateMs = 5000;

const hexOf = (value: number): string => value.toString(16).padStart(2, '0');

/**
 * Tells whoever verifies the ledger what this node received: digests and times, nothing of what is in the datagrams. Those
 * only the peer's collector may have, a message at a time, for what nobody has stored.
 */
export class Census {
  readonly #parts: Parts;
  #unsubscribe: Unsubscribe[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    const { bus, place } = this.#parts;
    this.#unsubscribe = [
      bus.respond(subjects.census(place), (payload) =>
        this.#answer(parse(censusRequest, payload, 'a request for a census')),
      ),
      bus.respond(subjects.frame(place), (payload) =>
        this.#frame(parse(frameRequest, payload, 'a request for a frame').sequence),
      ),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  async #frame(sequence: number): Promise<FrameAnswer> {
    const { messages } = await this.#parts.own.read({ sequence }, { messages: 1, bytes: 1 });
    const [message] = messages;
    if (message?.sequence !== sequence) return { message: null };
    return { message: { id: message.id, frame: Array.from(message.frame, hexOf).join('') } };
  }

  async #answer(request: CensusRequest): Promise<CensusAnswer> {
    const { own, copy, feed, storeClock, clock, waitingSinceMs } = this.#parts;
    const beganMs = clock.monotonicMs();
    const stream = request.stream === 'own' ? own : copy;
    if (!stream) throw new CodedError('HS_NO_COPY', 'this node keeps no copy of what the other one receives');
    // Asked first: a frame that leaves the queue meanwhile counts as waiting and is told, and never as neither.
    const waiting = waitingSinceMs();
    const { keptSinceMs, lastSequence } = await stream.read({ sequence: 0 }, nothing);
    const messages: ToldMessage[] = [];
    let datagrams = 0;
    let sinceBreath = 0;
    let next: number | null = null;
    const receipts = request.fromMs < request.untilMs ? this.#receipts(stream, request, lastSequence) : [];
    for await (const receipt of receipts) {
      // Frames come in the order of their times, but for those that had to wait.
      if (receipt.datagrams > 0 && receipt.firstMs > request.untilMs + lateMs) break;
      const part = tellOf(receipt, request);
      if (part) messages.push(part.told);
      datagrams += part?.datagrams ?? 0;
      sinceBreath += receipt.datagrams;
      if (sinceBreath >= datagramsABreath) {
        sinceBreath = 0;
        await new Promise<void>((resolve) => clock.after(0, resolve));
      }
      if (datagrams < datagramsAnAnswer && clock.monotonicMs() - beganMs < answerAfterMs) continue;
      next = receipt.sequence < lastSequence ? receipt.sequence + 1 : null;
      break;
    }
    const told = { feed, clockAheadMs: storeClock.aheadMs(), keptSinceMs, waitingSinceMs: waiting, messages };
    return { ...told, next };
  }

  /** From memory, where that knows all of it; else from the server, which has to look for it. */
  async *#receipts(
    stream: IngestReader,
    { fromMs, cursor }: CensusRequest,
    lastSequence: number,
  ): AsyncGenerator<Receipt> {
    const known = stream === this.#parts.own ? this.#parts.recent.from(cursor ?? 0, fromMs, lastSequence) : null;
    if (known) return yield* known;
    let next = cursor;
    do {
      const from = next === null ? { startTimeMs: Math.max(0, fromMs - frameAgeMs) } : { sequence: next };
      const read = await stream.read(from, readAtOnce);
      for (const message of read.messages)
        yield receiptOf(message, decodeFrame(message.frame).datagrams, (one) => this.#parts.decoder.alike(one));
      next = read.end ? null : (read.messages.at(-1)?.sequence ?? 0) + 1;
    } while (next !== null);
  }
}
