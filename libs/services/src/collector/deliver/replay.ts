import { digestOf, Settlement } from '@hotstandby/core/ledger';
import type { Datagram, IngestMessage, LedgerEntry, LedgerExtract } from '@hotstandby/ports';

/** What a message holds for this tenure. */
export interface Share {
  /** To be stored, each with its entry in the ledger. */
  datagrams: Datagram[];
  stored: LedgerEntry[];
  /** Those whose other copy is stored already. */
  settled: LedgerEntry[];
  /** Those of before the replay: the tenure before has dealt with them. */
  before: number;
}

/** From where on a tenure delivers, and what it need not. Times are of this node's wall clock. */
export interface ReplayBounds {
  /** The tenure before has stored everything that it received before this. */
  fromMs: number;
  /** Copies of what others stored may turn up until here: the tenure's start plus the reach. */
  untilMs: number;
  /** How far apart in time both copies of one datagram may have been received. */
  reachMs: number;
}

/** Which octets of a datagram count for its digest. */
type Alike = (datagram: Datagram) => Uint8Array;
const asItCame: Alike = ({ bytes }) => bytes;

/**
 * What of INGEST is a tenure's to deliver: everything that the tenures before have not stored. A datagram that they
 * stored in its other copy (a dual feed gives both nodes one) is found in their ledger and left out, each copy once.
 *
 * What was received before `fromMs` is left out, but for the last `reachMs` of it: their copies in the ledger must be used
 * up by them, not by a later datagram that looks the same.
 */
export class Replay {
  readonly #bounds: ReplayBounds;
  readonly #settlement: Settlement;
  /** A message that comes again (it was not settled in time) gets the share that it got: its copies are used up. */
  readonly #shares = new Map<string, Share>();
  readonly #keepsLedger: boolean;
  readonly #alike: Alike;
  #over: boolean;

  /** `settlement`: what earlier tenures stored, less what this one has settled against it. */
  constructor(bounds: ReplayBounds, settlement: Settlement, { keepsLedger = true, alike = asItCame } = {}) {
    this.#bounds = bounds;
    this.#keepsLedger = keepsLedger;
    this.#alike = alike;
    this.#settlement = settlement;
    this.#over = bounds.untilMs === -Infinity;
  }

  /** Whatever comes; only the marks of messages tell what is stored. */
  static ofEverything(ledger: 'with ledger' | 'without ledger', alike: Alike = asItCame): Replay {
    const bounds = { fromMs: -Infinity, untilMs: -Infinity, reachMs: 0 };
    return new Replay(bounds, new Settlement([], 0), { keepsLedger: ledger === 'with ledger', alike });
  }

  /** No message that follows has anything to do with earlier tenures. */
  over(): boolean {
    return this.#over;
  }

  /** Copies of what others stored may turn up until here. */
  untilMs(): number {
    return this.#bounds.untilMs;
  }

  /** Everything of before its end is settled: an earlier time stamp now only means that the wall clock was set back. */
  end(): void {
    this.#over = true;
    this.#shares.clear();
  }

  shareOf(message: Pick<IngestMessage, 'id'>, datagrams: Datagram[]): Share {
    const known = this.#shares.get(message.id);
    if (known) return known;
    const share = this.#divide(datagrams);
    if (!this.#over) this.#shares.set(message.id, share);
    return share;
  }

  /** It is settled and does not come again. */
  forget(message: Pick<IngestMessage, 'id'>): void {
    this.#shares.delete(message.id);
  }

  #divide(datagrams: Datagram[]): Share {
    if (!this.#keepsLedger) return { datagrams, stored: [], settled: [], before: 0 };
    const share: Share = { datagrams: [], stored: [], settled: [], before: 0 };
    const { fromMs, untilMs, reachMs } = this.#bounds;
    for (const datagram of datagrams) {
      const { receivedAtMs } = datagram;
      if (!this.#over && receivedAtMs < fromMs - reachMs) {
        share.before++;
        continue;
      }
      const { kind, sourceAddress } = datagram;
      const digest = digestOf({ kind, sourceAddress, bytes: this.#alike(datagram) });
      const entry = { digest, receivedAtMs };
      if (!this.#over && receivedAtMs <= untilMs && this.#settlement.take(entry)) share.settled.push(entry);
      else if (!this.#over && receivedAtMs < fromMs) share.before++;
      else {
        share.datagrams.push(datagram);
        share.stored.push(entry);
      }
    }
    return share;
  }
}

/** A few ms of work. */
const entriesABreath = 2000;

/** Seconds of a busy ledger: others, the gate first of all, have their turn in between. */
export async function settlementOf(
  { stored, settled }: LedgerExtract,
  reachMs: number,
  breathe: () => Promise<void>,
): Promise<Settlement> {
  const settlement = new Settlement([], reachMs);
  for (const [index, entry] of stored.entries()) {
    settlement.add(entry);
    if (index % entriesABreath === entriesABreath - 1) await breathe();
  }
  for (const [index, entry] of settled.entries()) {
    settlement.take(entry);
    if (index % entriesABreath === entriesABreath - 1) await breathe();
  }
  return settlement;
}
