import { recordsOfColumns, recordsOfSyslog } from '@hotstandby/decoders';
import type {
  DeliveryProgress,
  GatheredSums,
  LedgerExtract,
  LedgerLine,
  RecordBatch,
  RecordStore,
  ReplayClaim,
  ReplayTurn,
  Retention,
  StagedBatch,
  StoreOutcome,
  WriteGuard,
} from '@hotstandby/ports';

class Staged implements StagedBatch {
  readonly batch: RecordBatch;
  gathered: GatheredSums | null = null;

  constructor(batch: RecordBatch) {
    this.batch = batch;
  }

  get messageId(): string {
    return this.batch.messageId;
  }

  get settled(): number {
    return this.batch.ledger.settled.length;
  }

  get rows(): number {
    const { syslog, traps, flows } = this.batch;
    return syslog.length + traps.length + flows.length;
  }
}

/** The record store inside one process, for unit tests: marks of deliveries and the guard's check as in a database. */
export class MemoryRecordStore implements RecordStore {
  /** The reign in force; writes under any other are stale. */
  reign: WriteGuard = { epoch: 1, incarnation: 'i1' };
  /** Why nothing is answered; null: it works. */
  fault: string | null = null;
  readonly batches: RecordBatch[] = [];
  /** What every stored batch was written under. */
  readonly guards: WriteGuard[] = [];
  attempts = 0;
  trimmedTo: Retention[] = [];
  /** The store's wall clock. */
  clock: () => number = () => 0;
  /** Who settles which take-over. */
  readonly turns = new Map<string, { owner: string; done: boolean; renewedAtMs: number }>();
  readonly #progress = new Map<string, DeliveryProgress>();
  readonly #delivered = new Set<string>();

  async prepare(): Promise<void> {
    this.#mustAnswer();
  }

  stage(batch: RecordBatch): StagedBatch {
    const { columns = null, flows, syslogColumns = null, syslog, ...others } = batch;
    return new Staged({
      ...others,
      flows: columns ? [...flows, ...recordsOfColumns(columns)] : flows,
      syslog: syslogColumns ? [...syslog, ...recordsOfSyslog(syslogColumns)] : syslog,
    });
  }

  gather(batch: StagedBatch, into: GatheredSums | null): GatheredSums {
    const gathered = Object.assign(into ?? {}, {
      flows: (into?.flows ?? 0) + batch.rows,
      rows: (into?.rows ?? 0) + batch.rows,
    });
    if (batch instanceof Staged) batch.gathered = gathered;
    return gathered;
  }

  async store(guard: WriteGuard, staged: StagedBatch[], replay?: ReplayClaim): Promise<StoreOutcome> {
    const batches = staged.filter((one) => one instanceof Staged).map(({ batch }) => batch);
    this.attempts++;
    this.#mustAnswer();
    if (replay) {
      const held = this.turns.get(turnKey(replay));
      if (held?.owner !== replay.owner || held.done) return { outcome: 'replaced' };
      held.renewedAtMs = this.clock();
    }
    if (guard.epoch !== this.reign.epoch || guard.incarnation !== this.reign.incarnation) return { outcome: 'stale' };
    const known = new Set(batches.map(({ messageId }) => messageId).filter((id) => this.#delivered.has(id)));
    const gathers = staged.some((one) => one instanceof Staged && one.gathered !== null);
    if (gathers && known.size > 0) return { outcome: 'known', messageIds: known };
    const fresh = batches.filter(({ messageId }) => !known.has(messageId));
    for (const batch of fresh) {
      this.#delivered.add(batch.messageId);
      this.batches.push(batch);
      this.guards.push(guard);
    }
    const rows = fresh.reduce((sum, { syslog, traps, flows }) => sum + syslog.length + traps.length + flows.length, 0);
    return { outcome: 'stored', batches: fresh.length, rows };
  }

  async clockMs(): Promise<number> {
    this.#mustAnswer();
    return this.clock();
  }

  async replayTurn(guard: WriteGuard, claim: ReplayClaim, done: boolean): Promise<ReplayTurn> {
    this.#mustAnswer();
    if (guard.epoch !== this.reign.epoch) return 'another';
    const held = this.turns.get(turnKey(claim));
    if (held?.done) return 'done';
    if (held && held.owner !== claim.owner && this.clock() - held.renewedAtMs < turnLapsesMs) return 'another';
    this.turns.set(turnKey(claim), { owner: claim.owner, done, renewedAtMs: this.clock() });
    return done ? 'done' : 'mine';
  }

  async ledger(tenureEpoch: number, sinceMs: number, clockAheadMs: number): Promise<LedgerExtract> {
    this.#mustAnswer();
    const of = (which: 'stored' | 'settled', earlier: boolean) =>
      this.batches
        .filter((_, index) => (this.guards[index]?.epoch ?? 0) < tenureEpoch === earlier)
        .flatMap(({ ledger }) =>
          ledger[which].map(({ digest, receivedAtMs }) => ({
            digest,
            receivedAtMs: receivedAtMs + (ledger.clockAheadMs === null ? 0 : clockAheadMs - ledger.clockAheadMs),
          })),
        )
        .filter(({ receivedAtMs }) => receivedAtMs >= sinceMs);
    return { stored: of('stored', true), settled: of('settled', false) };
  }

  /** As of whoever checks what is stored, and has its own connection: a batch is a commit. */
  async *lines(fromMs: number, untilMs: number): AsyncIterable<LedgerLine> {
    this.#mustAnswer();
    for (const [index, { ledger }] of [...this.batches.entries()]) {
      const { nodeId, clockAheadMs, stored } = ledger;
      const times = stored.map(({ receivedAtMs }) => receivedAtMs - (clockAheadMs ?? 0));
      if (times.some((atMs) => atMs >= fromMs) && times.some((atMs) => atMs < untilMs))
        yield { epoch: this.guards[index]?.epoch ?? 0, nodeId, clockAheadMs, stored };
    }
  }

  async delivered(messageIds: string[]): Promise<Set<string>> {
    this.#mustAnswer();
    return new Set(messageIds.filter((id) => this.#delivered.has(id)));
  }

  async noteProgress(guard: WriteGuard, progress: Omit<DeliveryProgress, 'epoch'>): Promise<void> {
    this.#mustAnswer();
    if (guard.epoch !== this.reign.epoch || guard.incarnation !== this.reign.incarnation) return;
    const before = this.#progress.get(progress.nodeId)?.otherBeforeMs ?? null;
    const noted = [before, progress.otherBeforeMs].filter((ms) => ms !== null);
    const otherBeforeMs = noted.length > 0 ? Math.max(...noted) : null;
    this.#progress.set(progress.nodeId, { ...progress, otherBeforeMs, epoch: guard.epoch });
  }

  async progress(): Promise<DeliveryProgress[]> {
    this.#mustAnswer();
    return [...this.#progress.values()];
  }

  async trim(retention: Retention): Promise<void> {
    this.#mustAnswer();
    this.trimmedTo.push(retention);
  }

  async close(): Promise<void> {}

  #mustAnswer(): void {
    if (this.fault !== null) throw new Error(this.fault);
  }
}

const turnLapsesMs = 4000;
const turnKey = ({ nodeId, tenureEpoch }: ReplayClaim): string => `${nodeId} ${tenureEpoch}`;
