import type { Grant } from '@hotstandby/contracts';
import type { Logger, RecordStore, WriteGuard } from '@hotstandby/ports';
import type { CollectorLimits } from '../limits.ts';
import { Replay } from './replay.ts';

export interface OpenedReplay {
  /** From where on INGEST is read. */
  from: { startTimeMs: number } | 'first';
  replay: Replay;
}

interface Parts {
  store: RecordStore;
  log: Logger;
  limits: Pick<CollectorLimits, 'replayReachMs'>;
  /** The guard when the gate is open right now. */
  gate: () => WriteGuard | null;
}

/** INGEST's own time of a message is that of the frame: never earlier than its datagrams, little later. */
const frameAgeMs = 1000;

/**
 * What the tenures before have stored, read after the claim: from then on a stale writer is refused, so it is final.
 * Throws `StoreError`; without the ledger nobody knows what to deliver.
 */
export async function openReplay(
  grant: { nodeId: string; tenure: NonNullable<Grant['tenure']> },
  { store, log, limits, gate }: Parts,
): Promise<OpenedReplay> {
  const { epoch, startedAtWallMs } = grant.tenure;
  await store.prepare();
  const progress = await store.progressBefore(epoch);
  if (!progress) {
    // Nobody ever delivered anything. Said before the first batch is stored: whoever comes next finds all of it in the
    // ledger.
    const guard = gate();
    if (guard) await store.noteProgress(guard, { nodeId: grant.nodeId, settledBeforeMs: 0 });
    return { from: 'first', replay: Replay.ofEverything() };
  }
  const reachMs = limits.replayReachMs;
  // By another node's clock, which may differ by the reach.
  const fromMs = Math.max(0, Math.min(progress.settledBeforeMs, startedAtWallMs) - reachMs);
  const ledger = await store.ledger(epoch, fromMs - 2 * reachMs);
  log.info('what the tenure before received and did not store is delivered first', {
    secondsBack: Math.round((startedAtWallMs - fromMs) / 100) / 10,
    storedBefore: ledger.stored.length,
    settledBefore: ledger.settled.length,
  });
  const bounds = { fromMs, untilMs: startedAtWallMs + reachMs, reachMs };
  const startTimeMs = Math.max(0, fromMs - reachMs - frameAgeMs);
  return { from: { startTimeMs }, replay: new Replay(bounds, ledger) };
}
