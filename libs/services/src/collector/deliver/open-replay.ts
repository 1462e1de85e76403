import type { Grant } from '@hotstandby/contracts';
import type { Datagram, DeliveryProgress, Logger, RecordStore, ReplayClaim, WriteGuard } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import type { DatagramDecoder } from './decoder.ts';
import { type Uncertain, uncertainOf } from '../late/uncertain.ts';
import { Replay, settlementOf } from './replay.ts';
import type { StoreClock } from './store-clock.ts';

export interface OpenedReplay {
  /** From where on the stream is read. */
  from: { startTimeMs: number } | 'first';
  replay: Replay;
  /** What has to be compared besides; null: with one address fed each datagram came to one node. */
  uncertain: Uncertain | null;
  /** Whose turn the replay is; null: nothing has to be settled. */
  claim: ReplayClaim | null;
}

export interface ReplayParts {
  store: RecordStore;
  decoder: Pick<DatagramDecoder, 'alike'>;
  log: Logger;
  limits: Pick<CollectorLimits, 'replayReachMs'>;
  storeClock: StoreClock;
  /** Of this process, among its replicas. */
  instance: string;
  /** Lets others have their turn. */
  breathe: () => Promise<void>;
  /** The guard when the gate is open right now. */
  gate: () => WriteGuard | null;
}

export interface Reigning {
  nodeId: string;
  tenure: NonNullable<Grant['tenure']>;
}

/** INGEST's own time of a message is that of the frame: never earlier than its datagrams, little later. */
const frameAgeMs = 1000;

/**
 * Both nodes are fed: own INGEST, less what the tenures before have stored in its other copy. Their ledger is read after
 * the claim: from then on a stale writer is refused, so it is final. Throws `StoreError`; without the ledger nobody knows
 * what to deliver. Null: another collector of this node settles it just now.
 */
export async function replayOfDualFeed({ nodeId, tenure }: Reigning, parts: ReplayParts): Promise<OpenedReplay | null> {
  const { store, decoder, log, limits, storeClock, gate } = parts;
  const alike = (datagram: Datagram) => decoder.alike(datagram);
  const { epoch, startedAtWallMs } = tenure;
  const noted = await progressOf(nodeId, parts);
  const earlier = noted.filter((one) => one.epoch < epoch);
  const last = earlier.toSorted((one, other) => other.epoch - one.epoch)[0];
  const everything = Replay.ofEverything('with ledger', alike);
  if (!last) return { from: 'first', replay: everything, uncertain: uncertainOf(noted, nodeId, null), claim: null };

  if (storeClock.aheadMs() === null) await storeClock.measure();
  const aheadMs = storeClock.aheadMs() ?? 0;
  // Its clock is not this node's: by the store's, which both know, and with the reach for what that is wrong by.
  const settledMs = last.settledBeforeMs + (last.clockAheadMs === null ? 0 : aheadMs - last.clockAheadMs);
  const reachMs = limits.replayReachMs;
  const fromMs = Math.max(0, Math.min(settledMs, startedAtWallMs) - reachMs);
  const uncertain = uncertainOf(noted, nodeId, fromMs - aheadMs);
  const claim = { nodeId, tenureEpoch: epoch, owner: parts.instance };
  const guard = gate();
  const turn = guard ? await store.replayTurn(guard, claim, false) : 'another';
  if (turn === 'another') return null;
  const from = since(fromMs - reachMs);
  if (turn === 'done') return { from, replay: everything, uncertain, claim: null };
  const ledger = await store.ledger(epoch, fromMs - 2 * reachMs, aheadMs);
  log.info('what the tenure before received and did not store is delivered first', {
    secondsBack: Math.round((startedAtWallMs - fromMs) / 100) / 10,
    storedBefore: ledger.stored.length,
    settledBefore: ledger.settled.length,
    owner: claim.owner,
    clockAheadMs: Math.round(aheadMs),
    theirClockAheadMs: last.clockAheadMs === null ? null : Math.round(last.clockAheadMs),
  });
  const bounds = { fromMs, untilMs: startedAtWallMs + reachMs, reachMs };
  const settlement = await settlementOf(ledger, reachMs, parts.breathe);
  return { from, replay: new Replay(bounds, settlement, { alike }), uncertain, claim };
}

/**
 * One address is fed: each datagram came to one node only, and the marks of messages tell what is stored. Own INGEST from
 * where this node's last tenure came to: what it still held then.
 */
export async function replayOfOwn({ nodeId }: Reigning, parts: ReplayParts): Promise<OpenedReplay> {
  const own = (await progressOf(nodeId, parts)).find((noted) => noted.nodeId === nodeId);
  return {
    from: own ? since(own.settledBeforeMs) : 'first',
    replay: Replay.ofEverything('without ledger'),
    uncertain: null,
    claim: null,
  };
}

/** The same of the copy of the other node's INGEST: what that node received and has not stored, now and when it returns. */
export async function replayOfCopy({ nodeId }: Reigning, parts: ReplayParts): Promise<OpenedReplay> {
  const others = (await progressOf(nodeId, parts)).filter((noted) => noted.nodeId !== nodeId);
  const last = others.toSorted((one, other) => other.epoch - one.epoch)[0];
  return {
    from: last ? since(last.settledBeforeMs) : 'first',
    replay: Replay.ofEverything('without ledger'),
    uncertain: null,
    claim: null,
  };
}

/**
 * A node that delivers for the first time says so before it stores anything: whoever comes next then looks at all of it.
 */
async function progressOf(nodeId: string, { store, gate, storeClock }: ReplayParts): Promise<DeliveryProgress[]> {
  await store.prepare();
  const noted = await store.progress();
  const guard = gate();
  if (guard && noted.length === 0)
    await store.noteProgress(guard, {
      nodeId,
      settledBeforeMs: 0,
      clockAheadMs: storeClock.aheadMs(),
      ownFromMs: null,
      otherBeforeMs: null,
    });
  return noted;
}

const since = (ms: number): { startTimeMs: number } => ({ startTimeMs: Math.max(0, ms - frameAgeMs) });
