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
import { digestOf, entriesToText, type LedgerEntry } from '@hotstandby/core/ledger';
import type { Bus, Clock, Datagram, IngestReader, ReadMessage, TelemetryKind, Unsubscribe } from '@hotstandby/ports';
import type { DatagramDecoder } from '../deliver/decoder.ts';
import type { StoreClock } from '../deliver/store-clock.ts';

interface Parts {
  bus: Bus;
  place: Place;
  feed: 'dual' | 'vip';
  own: IngestReader;
  copy: IngestReader | null;
  decoder: Pick<DatagramDecoder, 'alike'>;
  storeClock: StoreClock;
  clock: Pick<Clock, 'monotonicMs' | 'after'>;
}

type Group = CensusAnswer['messages'][number]['groups'][number];

/** An answer holds about so many datagrams: 24 characters each, and a NATS message takes 1 MiB. */
const datagramsAnAnswer = 20_000;
const readAtOnce = { messages: 2048, bytes: 16 * 1024 * 1024 };
/** What was found in that time is answered: whoever asked goes on from there, and knows that somebody is at it. */
const answerAfterMs = 3000;
const clockOnly = { messages: 1, bytes: 1 };
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
    const { own, copy, feed, storeClock, clock } = this.#parts;
    const beganMs = clock.monotonicMs();
    const stream = request.stream === 'own' ? own : copy;
    if (!stream) throw new CodedError('HS_NO_COPY', 'this node keeps no copy of what the other one receives');
    const { fromMs, untilMs, cursor } = request;
    const messages: CensusAnswer['messages'] = [];
    let datagrams = 0;
    let breathed = 0;
    let keptSinceMs: number | null = null;
    let next: number | null = cursor;
    do {
      const from = next === null ? { startTimeMs: Math.max(0, fromMs - frameAgeMs) } : { sequence: next };
      const read = await stream.read(from, fromMs < untilMs ? readAtOnce : clockOnly);
      keptSinceMs = read.keptSinceMs;
      next = read.end || fromMs >= untilMs ? null : (read.messages.at(-1)?.sequence ?? 0) + 1;
      for (const message of fromMs < untilMs ? read.messages : []) {
        if (datagrams >= breathed + datagramsABreath) {
          breathed = datagrams;
          await new Promise<void>((resolve) => clock.after(0, resolve));
        }
        const { groups, count, behind } = this.#groupsOf(message, request);
        if (behind) next = null;
        if (behind) break;
        datagrams += count;
        if (count > 0) messages.push({ id: message.id, sequence: message.sequence, groups });
        if (datagrams < datagramsAnAnswer) continue;
        next = message.sequence + 1;
        break;
      }
    } while (next !== null && datagrams < datagramsAnAnswer && clock.monotonicMs() - beganMs < answerAfterMs);
    return { feed, clockAheadMs: storeClock.aheadMs(), keptSinceMs, messages, next };
  }

  #groupsOf(message: ReadMessage, { fromMs, untilMs }: CensusRequest) {
    const { datagrams } = decodeFrame(message.frame);
    const bySource = new Map<string, { source: string; kind: TelemetryKind; entries: LedgerEntry[] }>();
    let count = 0;
    for (const datagram of datagrams) {
      const { kind, sourceAddress: source, receivedAtMs } = datagram;
      if (receivedAtMs < fromMs || receivedAtMs >= untilMs) continue;
      const key = `${kind} ${source}`;
      const group = bySource.get(key) ?? { source, kind, entries: [] };
      bySource.set(key, group);
      group.entries.push({ digest: this.#digestOf(datagram), receivedAtMs });
      count++;
    }
    const groups = [...bySource.values()].map((group): Group => ({ ...group, entries: entriesToText(group.entries) }));
    const behind = datagrams.length > 0 && datagrams.every(({ receivedAtMs }) => receivedAtMs > untilMs + lateMs);
    return { groups, count, behind };
  }

  #digestOf(datagram: Datagram): bigint {
    return digestOf({ ...datagram, bytes: this.#parts.decoder.alike(datagram) });
  }
}
