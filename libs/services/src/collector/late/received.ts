import { frameAnswer, parse, subjects, type CensusAnswer, type Place } from '@hotstandby/contracts';
import type { Bus } from '@hotstandby/ports';
import { readCensus } from '../../pair-view/index.ts';

const answerWithinMs = 10_000;

/** A time by the clock of who received, ms since 1970. */
export interface Span {
  fromMs: number;
  untilMs: number;
}

export type ReceivedMessage = CensusAnswer['messages'][number];

/** What a node keeps of what it received, as one of its collectors tells it. Everything throws `BusError` and `CodedError`. */
export class Received {
  readonly #bus: Bus;
  readonly #place: Place;

  constructor(bus: Bus, place: Place) {
    this.#bus = bus;
    this.#place = place;
  }

  /**
   * How its clock stands to the store's; by its clock, since when it keeps messages (null: there was none ever), and since
   * when some wait for INGEST (null: none).
   */
  async clock(): Promise<{ aheadMs: number; keptSinceMs: number | null; waitingSinceMs: number | null }> {
    for await (const { clockAheadMs, ...since } of this.#census({ fromMs: 0, untilMs: 0 }))
      if (clockAheadMs !== null) return { aheadMs: clockAheadMs, ...since };
    // Without it nobody knows which of its times are meant.
    throw new Error(`node ${this.#place.node} has not compared its clock yet`);
  }

  async *messages(span: Span): AsyncGenerator<ReceivedMessage> {
    for await (const { messages } of this.#census(span)) yield* messages;
  }

  /** A message of INGEST; null: it is not kept any more. */
  async frame({ id, sequence }: Pick<ReceivedMessage, 'id' | 'sequence'>): Promise<Uint8Array | null> {
    const answer = await this.#bus.request(subjects.frame(this.#place), { sequence }, answerWithinMs);
    const { message } = parse(frameAnswer, answer, 'a message of INGEST');
    return message?.id === id ? bytesOf(message.frame) : null;
  }

  #census(span: Span): AsyncGenerator<CensusAnswer> {
    return readCensus(this.#bus, this.#place, { stream: 'own', ...span });
  }
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length >> 1 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
