import { entriesFromText, Evenness, Settlement, type LedgerEntry } from '@hotstandby/core/ledger';
import type { LedgerReader } from '@hotstandby/ports';
import type { Received, ReceivedMessage, Span } from './received.ts';

/** A message of INGEST with what of it nobody has stored. */
export interface Missing {
  id: string;
  sequence: number;
  digests: bigint[];
}

export interface Found {
  missing: Missing[];
  /** Sources that send each node datagrams of their own: what is missing of them was left where it is. */
  uneven: Map<string, number>;
}

interface Parts {
  /** Who received what is looked at. */
  received: Received;
  /** How far that node's clock is ahead of the store's. */
  aheadMs: number;
  /** Whose copies are stored, to tell what was missed from what never was the same; null: nobody can be asked. */
  beside: { received: Received; aheadMs: number } | null;
  ledger: Pick<LedgerReader, 'lines'>;
  /** How far apart both copies of a datagram may have been received. */
  reachMs: number;
  /** Lets others have their turn. */
  breathe: () => Promise<void>;
}

/**
 * How far apart copies are looked for: all the near ones are found before any further ones, or a device that repeats a line
 * would have the copy of one missed taken for that of the next, and that for the one after. As far as the reach, and among
 * what lies around, only when something has no copy so near.
 */
const withinMs = [5, 50, 500];
/** What was received at the very ends may have its copy beyond them. */
const edgeMs = 50;
/** A ms of work. */
const entriesABreath = 500;

type Item = LedgerEntry & { source: string; message: Pick<Missing, 'id' | 'sequence'> };

/** Which datagrams of a span (by the clock of who received them) are not in the ledger. The span must be over. */
export async function findMissing(span: Span, parts: Parts): Promise<Found> {
  const look = new Look(parts);
  const near = await look.unpaired(span, withinMs, edgeMs);
  if (near.length === 0) return { missing: [], uneven: new Map() };
  // Equal datagrams of before and after want their own copies: they take them first.
  const { reachMs } = parts;
  const wide = { fromMs: span.fromMs - reachMs, untilMs: span.untilMs + reachMs };
  const evenness = new Evenness(reachMs);
  const countPaired = ({ source, receivedAtMs }: Item) => evenness.count(source, receivedAtMs, 'paired');
  const unpaired = await look.unpaired(wide, [...withinMs, reachMs], reachMs, countPaired);
  const inside = unpaired.filter(({ receivedAtMs }) => receivedAtMs >= span.fromMs && receivedAtMs < span.untilMs);
  if (inside.length > 0) await look.countAlone(wide, evenness);
  const found: Found = { missing: [], uneven: new Map() };
  const byMessage = new Map<string, Missing>();
  for (const { source, receivedAtMs, digest, message } of inside) {
    if (evenness.isUneven(source, receivedAtMs)) {
      found.uneven.set(source, (found.uneven.get(source) ?? 0) + 1);
      continue;
    }
    const one = byMessage.get(message.id) ?? { ...message, digests: [] };
    one.digests.push(digest);
    byMessage.set(message.id, one);
  }
  found.missing.push(...byMessage.values());
  return found;
}

class Look {
  readonly #parts: Parts;
  #sinceBreath = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Those with no entry in the ledger within the last of the distances, in the order of their times. */
  async unpaired(
    span: Span,
    distancesMs: readonly number[],
    marginMs: number,
    onPaired: (one: Item) => void = () => {},
  ): Promise<Item[]> {
    const { aheadMs, received } = this.#parts;
    const settlement = await this.#stored({
      fromMs: span.fromMs - aheadMs - marginMs,
      untilMs: span.untilMs - aheadMs + marginMs,
    });
    const isLeft = (one: Item, reachMs: number) => {
      const taken = settlement.take({ ...one, receivedAtMs: one.receivedAtMs - aheadMs }, reachMs);
      if (taken) onPaired(one);
      return !taken;
    };
    const [first = 0, ...further] = distancesMs;
    const left: Item[] = [];
    for await (const message of received.messages(span)) {
      for (const one of itemsOf(message)) if (isLeft(one, first)) left.push(one);
      await this.#worked(message);
    }
    const inOrder = left.toSorted((one, other) => one.receivedAtMs - other.receivedAtMs);
    return further.reduce((still, reachMs) => still.filter((one) => isLeft(one, reachMs)), inOrder);
  }

  /** What the node whose copies are stored has and the one that is looked at has not. */
  async countAlone(span: Span, evenness: Evenness): Promise<void> {
    const { received, aheadMs, beside, reachMs } = this.#parts;
    if (!beside) return;
    const theirs = new Settlement([], reachMs);
    for await (const message of received.messages({ fromMs: span.fromMs - reachMs, untilMs: span.untilMs + reachMs })) {
      for (const one of itemsOf(message)) theirs.add(one);
      await this.#worked(message);
    }
    const laterMs = aheadMs - beside.aheadMs;
    const mine = { fromMs: span.fromMs - laterMs, untilMs: span.untilMs - laterMs };
    for await (const message of beside.received.messages(mine)) {
      for (const { source, digest, receivedAtMs } of itemsOf(message)) {
        const atMs = receivedAtMs + laterMs;
        if (!theirs.take({ digest, receivedAtMs: atMs })) evenness.count(source, atMs, 'alone');
      }
      await this.#worked(message);
    }
  }

  /** Times of the store's clock. */
  async #stored({ fromMs, untilMs }: Span): Promise<Settlement> {
    const settlement = new Settlement([], this.#parts.reachMs);
    for await (const { stored, clockAheadMs } of this.#parts.ledger.lines(fromMs, untilMs)) {
      for (const { digest, receivedAtMs } of stored)
        settlement.add({ digest, receivedAtMs: receivedAtMs - (clockAheadMs ?? 0) });
      await this.#breathe(stored.length);
    }
    return settlement;
  }

  #worked({ groups }: ReceivedMessage): Promise<void> {
    return this.#breathe(groups.reduce((sum, { entries }) => sum + entries.length / 24, 0));
  }

  async #breathe(entries: number): Promise<void> {
    this.#sinceBreath += entries;
    if (this.#sinceBreath < entriesABreath) return;
    this.#sinceBreath = 0;
    await this.#parts.breathe();
  }
}

function* itemsOf({ id, sequence, groups }: ReceivedMessage): Generator<Item> {
  const message = { id, sequence };
  for (const { kind, source, entries } of groups)
    for (const { digest, receivedAtMs } of entriesFromText(entries))
      yield { digest, receivedAtMs, source: `${kind} of ${source}`, message };
}
