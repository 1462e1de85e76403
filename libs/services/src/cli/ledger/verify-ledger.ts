import { type Audit, audit, entriesFromText, type ReceivedEntry } from '@hotstandby/core/ledger';
import { CodedError, type CensusAnswer, type LedgerVerification, type Place } from '@hotstandby/contracts';
import type { Bus, Clock, LedgerReader } from '@hotstandby/ports';
import { codedFault, readCensus } from '../../pair-view/index.ts';
import { groupOf, Tally } from './tally.ts';

export interface VerifyParts {
  bus: Bus;
  clock: Clock;
  ledger: LedgerReader;
  own: Place;
  peer: Place;
}

/** Both nodes may have received the copies of a datagram this far apart (the collector's `replayReachMs`). */
const reachMs = 2000;
/** Read beside each piece, so that pairs at its ends are whole. */
const marginMs = 3 * reachMs;
const pieceMs = 30_000;
/** What is noted as stored is so up to here; a datagram may be that much older than its frame. */
const slackMs = 1000;
/** A message that a dead process had in hand comes again after 10 s. */
const mostLooks = 15;
const lookAgainEveryMs = 1000;

interface NodeFacts {
  at: Place;
  /** Where its datagrams are read: a node that is away is seen through the other one's copy. */
  through: { at: Place; stream: 'own' | 'copy' } | null;
  aheadMs: number;
  keptSinceMs: number | null;
  received: number;
  /** When the last of it that was seen was received, by its clock; null: nothing was. */
  lastSeenMs: number | null;
  fault: LedgerVerification['nodes'][number]['fault'];
  clockAheadMs: number | null;
}

/**
 * Proves on the running pair that what its nodes received is stored, once: reads both nodes' INGEST and the store's ledger
 * (with one address fed, the marks of messages), and counts by source and minute. `spanMs` back from what is settled.
 * Throws `CodedError` when there is nothing to go by.
 */
export async function verifyLedger(spanMs: number, parts: VerifyParts): Promise<LedgerVerification> {
  const { ledger, clock } = parts;
  const nodes = await Promise.all([parts.own, parts.peer].map((at) => factsOf(at, parts)));
  const answers = nodes.flatMap(({ answer }) => (answer ? [answer] : []));
  const feed = answers[0]?.feed;
  if (!feed) {
    const why = nodes.map(({ facts }) => `${facts.at.node}: ${facts.fault?.message ?? ''}`).join('; ');
    throw new CodedError('HS_NO_ANSWER', `no collector tells what it received (${why})`);
  }
  const facts = nodes.map((node) => node.facts);
  if (feed === 'vip') await seeThroughCopies(facts, parts.bus);

  const noted = (await ledger.progress()).toSorted((one, other) => one.epoch - other.epoch).at(-1);
  if (!noted) throw new CodedError('HS_NO_ANSWER', 'nobody has stored anything yet');
  const ownAheadMs = facts[0]?.aheadMs ?? 0;
  // With both nodes fed, what the other one alone received is stored when they were compared. One that is away is not.
  const isCompared = feed === 'dual' && isSeenWhole(facts);
  const comparedMs = isCompared ? (noted.otherBeforeMs ?? Infinity) : Infinity;
  const settledMs = Math.min(noted.settledBeforeMs - (noted.clockAheadMs ?? 0), noted.ownFromMs ?? Infinity);
  const untilMs = Math.min(settledMs, comparedMs, clock.wallMs() - ownAheadMs) - slackMs;
  // Whole minutes at the beginning, so that the tables can be counted, too.
  const askedFromMs = Math.floor((untilMs - spanMs) / 60_000) * 60_000;
  const keptFromMs = Math.max(...facts.map((node) => (node.keptSinceMs ?? 0) - node.aheadMs)) + slackMs;
  const fromMs = Math.min(untilMs, Math.max(askedFromMs, keptFromMs));
  const tally = new Tally();
  const unmarked: Unmarked[] = [];
  let unknown = 0;
  const uneven = new Map<string, number>();
  for (let from = fromMs; from < untilMs; from += pieceMs) {
    const piece = { fromMs: from, untilMs: Math.min(untilMs, from + pieceMs) };
    if (feed === 'dual') unknown += await auditPiece(piece, facts, { tally, uneven }, parts);
    else await markPiece(piece, facts, { tally, unmarked }, parts);
  }

  if (feed === 'vip') await lookAgain(unmarked, tally, parts);
  // What has a minute at either end of the time may lie beyond it by another clock.
  const apartMs = Math.max(...facts.map(({ aheadMs }) => Math.abs(aheadMs))) + reachMs;
  const isWhole = (minute: number) => minute * 60_000 >= fromMs + apartMs && (minute + 1) * 60_000 <= untilMs - apartMs;
  const rows = await ledger.counts(fromMs - apartMs, untilMs + apartMs);
  const lines = tally.lines(rows, isWhole);
  const notes = notesOf(facts, { askedFromMs, unknown, uneven });
  const totals = { ...tally.totals(), unknown };
  // More rows than are accounted for may be of what could not be seen; fewer never are.
  const seenWhole = isSeenWhole(facts);
  const isWrong = (there: number, accounted: number) =>
    seenWhole && unknown === 0 ? there !== accounted : there < accounted;
  const wrongRows = lines.filter(
    ({ rows: there, stored, doubled }) => there !== null && isWrong(there, stored + doubled),
  );
  for (const { source, kind, minute, rows: there, stored, doubled } of wrongRows)
    notes.push(`${kind} of ${source} in ${minute}: the table has ${there} rows, the ledger ${stored + doubled}`);
  const broken = totals.lost > 0 || totals.doubled > 0 || wrongRows.length > 0;
  return {
    feed,
    from: new Date(fromMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    verdict: broken ? 'broken' : seenWhole ? 'proven' : 'unproven',
    totals,
    nodes: facts.map(({ at, received, lastSeenMs, keptSinceMs, clockAheadMs, fault, through }) => ({
      name: at.node,
      seen: through?.stream ?? 'nothing',
      received: through ? received : null,
      lastSeen: lastSeenMs === null ? null : new Date(lastSeenMs).toISOString(),
      keptSince: keptSinceMs === null ? null : new Date(keptSinceMs).toISOString(),
      clockAheadMs: clockAheadMs === null ? null : Math.round(clockAheadMs),
      fault,
    })),
    lines,
    notes,
  };
}

async function factsOf(at: Place, { bus }: VerifyParts): Promise<{ facts: NodeFacts; answer: CensusAnswer | null }> {
  const nothing = { received: 0, lastSeenMs: null };
  const unknown = { at, through: null, aheadMs: 0, keptSinceMs: null, clockAheadMs: null, ...nothing };
  try {
    for await (const answer of readCensus(bus, at, { stream: 'own', fromMs: 0, untilMs: 0 })) {
      const { clockAheadMs, keptSinceMs } = answer;
      const through = { at, stream: 'own' as const };
      const known = { at, through, aheadMs: clockAheadMs ?? 0, keptSinceMs, clockAheadMs, fault: null, ...nothing };
      return { facts: known, answer };
    }
    return { facts: { ...unknown, fault: null }, answer: null };
  } catch (error) {
    const { code, message, cure } = codedFault(error);
    return { facts: { ...unknown, fault: { code, message, cure } }, answer: null };
  }
}

/** With one address fed each node keeps a copy of the other's: it stands in for a node that is away. */
async function seeThroughCopies(facts: NodeFacts[], bus: Bus): Promise<void> {
  for (const node of facts) {
    const other = facts.find((one) => one !== node && one.fault === null);
    if (node.through !== null || !other) continue;
    try {
      for await (const { keptSinceMs } of readCensus(bus, other.at, { stream: 'copy', fromMs: 0, untilMs: 0 }))
        Object.assign(node, { through: { at: other.at, stream: 'copy' }, keptSinceMs });
    } catch (error) {
      // Without a copy (collector.mirror: false) nothing is known of it.
      if (codedFault(error).code !== 'HS_NO_COPY') throw error;
    }
  }
}

/** What a node kept itself. A copy of it may lack the last, and nobody else knows whether there was more. */
const isSeenWhole = (facts: NodeFacts[]): boolean => facts.every(({ through }) => through?.stream === 'own');

type Piece = { fromMs: number; untilMs: number };

async function* messagesOf(node: NodeFacts, { fromMs, untilMs }: Piece, bus: Bus) {
  if (!node.through) return;
  const { at, stream } = node.through;
  const wanted = { stream, fromMs: fromMs + node.aheadMs, untilMs: untilMs + node.aheadMs };
  try {
    for await (const { messages } of readCensus(bus, at, wanted)) yield* messages;
  } catch (error) {
    const { code, message, cure } = codedFault(error);
    const what = stream === 'own' ? 'what it received' : 'its copy of what the other one received';
    throw new CodedError(code, `node ${at.node} tells ${what} no further: ${message}`, { cure, cause: error });
  }
}

/** Both nodes are fed: by digests. Returns how much is stored that neither node has. */
async function auditPiece(
  piece: Piece,
  facts: NodeFacts[],
  { tally, uneven }: { tally: Tally; uneven: Map<string, number> },
  { bus, ledger }: VerifyParts,
): Promise<number> {
  const wide = { fromMs: piece.fromMs - marginMs, untilMs: piece.untilMs + marginMs };
  const received = [];
  for (const node of facts) {
    const entries: ReceivedEntry[] = [];
    for await (const { groups } of messagesOf(node, wide, bus)) {
      for (const { source, kind, entries: text } of groups) {
        const group = groupOf(source, kind);
        for (const entry of entriesFromText(text)) entries.push({ ...entry, group });
      }
    }
    const inPiece = ({ receivedAtMs }: ReceivedEntry) =>
      receivedAtMs - node.aheadMs >= piece.fromMs && receivedAtMs - node.aheadMs < piece.untilMs;
    sawOf(
      node,
      entries.filter(inPiece).map(({ receivedAtMs }) => receivedAtMs),
    );
    received.push({ aheadMs: node.aheadMs, entries });
  }
  const stored = [];
  for await (const line of ledger.lines(wide.fromMs, wide.untilMs))
    stored.push({ aheadMs: line.clockAheadMs ?? 0, entries: line.stored });
  const result = audit({ received, stored, reachMs, ...piece });
  // One more of what the other node has may be what this one, which cannot be asked, alone received.
  const unseen = isSeenWhole(facts) ? 0 : withoutDoubled(result.counts);
  tally.addAll(result.counts);
  for (const [group, datagrams] of result.uneven) uneven.set(group, (uneven.get(group) ?? 0) + datagrams);
  return result.unknown + unseen;
}

function sawOf(node: NodeFacts, receivedAtMs: number[]): void {
  node.received += receivedAtMs.length;
  node.lastSeenMs = receivedAtMs.reduce((last, atMs) => Math.max(last, atMs), node.lastSeenMs ?? 0) || null;
}

/** Takes them out, and returns how many there were. */
function withoutDoubled(counts: Audit['counts']): number {
  let doubled = 0;
  for (const minutes of counts.values()) {
    for (const count of minutes.values()) {
      doubled += count.doubled;
      count.doubled = 0;
    }
  }
  return doubled;
}

interface Unmarked {
  id: string;
  groups: { group: string; receivedAtMs: number[] }[];
}

/** One address is fed: a message is stored when it is marked, whichever node has it. */
async function markPiece(
  piece: Piece,
  facts: NodeFacts[],
  { tally, unmarked }: { tally: Tally; unmarked: Unmarked[] },
  { bus, ledger }: VerifyParts,
): Promise<void> {
  for (const node of facts) {
    const batch: Unmarked[] = [];
    const settle = async () => {
      const marked = await ledger.delivered(batch.map(({ id }) => id));
      for (const one of batch.splice(0)) {
        if (marked.has(one.id)) count(one, { received: 1, stored: 1 }, tally);
        else unmarked.push(one);
      }
    };
    for await (const { id, groups } of messagesOf(node, piece, bus)) {
      const read = groups.map(({ source, kind, entries }) => ({
        group: groupOf(source, kind),
        receivedAtMs: entriesFromText(entries).map((entry) => entry.receivedAtMs),
      }));
      for (const { receivedAtMs } of read) sawOf(node, receivedAtMs);
      batch.push({ id, groups: read });
      if (batch.length >= 500) await settle();
    }
    await settle();
  }
}

function count({ groups }: Unmarked, what: Parameters<Tally['add']>[2], tally: Tally): void {
  for (const { group, receivedAtMs } of groups)
    for (const atMs of receivedAtMs) tally.add(group, Math.floor(atMs / 60_000), what);
}

/**
 * What the active has noted as stored is its own INGEST. What the other node received before a take-over, or alone held when it
 * died, is stored beside that and may be on its way: it is lost when it is not there after a while.
 */
async function lookAgain(unmarked: Unmarked[], tally: Tally, { ledger, clock }: VerifyParts): Promise<void> {
  let left = unmarked;
  for (let look = 0; left.length > 0 && look < mostLooks; look++) {
    await new Promise<void>((resolve) => clock.after(lookAgainEveryMs, resolve));
    const still: Unmarked[] = [];
    for (let from = 0; from < left.length; from += 500) {
      const some = left.slice(from, from + 500);
      const marked = await ledger.delivered(some.map(({ id }) => id));
      for (const one of some) {
        if (marked.has(one.id)) count(one, { received: 1, stored: 1 }, tally);
        else still.push(one);
      }
    }
    left = still;
  }
  for (const one of left) count(one, { received: 1, lost: 1 }, tally);
}

function notesOf(
  facts: NodeFacts[],
  seen: { askedFromMs: number; unknown: number; uneven: ReadonlyMap<string, number> },
): string[] {
  const notes: string[] = [];
  for (const { at, through, lastSeenMs, keptSinceMs, aheadMs, clockAheadMs } of facts) {
    if (!through) notes.push(`node ${at.node} does not tell what it received: what it alone received is not known`);
    else if (through.stream === 'copy') {
      const end = lastSeenMs === null ? 'has nothing of that time' : `ends at ${new Date(lastSeenMs).toISOString()}`;
      const seen = `node ${at.node} is away and was seen through the other one's copy, which ${end}`;
      notes.push(`${seen}: whether it received more is not known before it is back`);
    }
    if (keptSinceMs !== null && keptSinceMs - aheadMs > seen.askedFromMs)
      notes.push(`INGEST of node ${at.node} begins later than what was asked for, and so does this`);
    if (through && clockAheadMs === null)
      notes.push(`node ${at.node} has not compared its clock with the store's: it is taken for equal`);
    if (Math.abs(aheadMs) > reachMs)
      notes.push(`the clock of node ${at.node} is ${Math.round(aheadMs)} ms off the store's (HS_CLOCKS_APART)`);
  }
  for (const [group, datagrams] of seen.uneven)
    notes.push(
      `${group} sends each node datagrams of its own: those of the node that was active are stored, and ${datagrams} of the other one are not and count as no loss`,
    );
  if (seen.unknown > 0)
    notes.push(`${seen.unknown} stored datagrams are in no INGEST that could be read: whose they are is not known`);
  return notes;
}
