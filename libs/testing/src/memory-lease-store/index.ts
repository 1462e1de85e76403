import { StoreError } from '@hotstandby/ports';
import type {
  BeatRequest,
  BeatResult,
  ClaimRequest,
  EnterRequest,
  Clock,
  LeaseStore,
  NodeRow,
  Pause,
  PauseRequest,
  ReadoptRequest,
  RegisterRequest,
  Reign,
  ReleaseRequest,
  StoreView,
} from '@hotstandby/ports';

export type TablesSnapshot = Pick<MemoryTables, 'reign' | 'nodes' | 'pause'>;

/** The tables of one cluster, shared by the connections of its nodes. A row is never changed, only replaced: views share it. */
export class MemoryTables {
  reign: Reign = {
    epoch: 0,
    holder: null,
    holderIncarnation: null,
    lastHolder: null,
    standby: null,
    standbyIncarnation: null,
    membership: 0,
    handoverTo: null,
    tenureEpoch: 0,
    timeline: null,
  };
  nodes = new Map<string, NodeRow>();
  pause: (PauseRequest & { number: number; endsAtMs: number }) | null = null;
  storeIncarnation = 'store-1';
  timeline = 'timeline-1';
  /** A known-bad store leaves out a comparison: the holder's counter of a claim. */
  forgiving: 'claim-counter' | null = null;
  #forgotten = 0;

  view(clock: Pick<Clock, 'monotonicMs' | 'wallMs'>): StoreView {
    const { reign, storeIncarnation, timeline } = this;
    return { reign, nodes: [...this.nodes.values()], pause: this.#pauseAt(clock), storeIncarnation, timeline };
  }

  /** What a backup taken now, or a replica that stays behind from now on, would hold. */
  snapshot(): TablesSnapshot {
    return { reign: this.reign, nodes: new Map(this.nodes), pause: this.pause };
  }

  /**
   * The store forgets what came after the snapshot. It is another server from then on, on another timeline (a promoted
   * replica, a restored backup) or on the same one (a copy of the data folder).
   */
  forget(snapshot: TablesSnapshot, timeline: 'new' | 'same'): void {
    const number = ++this.#forgotten;
    Object.assign(this, { ...snapshot, nodes: new Map(snapshot.nodes) });
    this.storeIncarnation = `${this.storeIncarnation.split('+')[0]}+${number}`;
    if (timeline === 'new') this.timeline = `timeline-${number + 1}`;
  }

  #pauseAt(clock: Pick<Clock, 'monotonicMs' | 'wallMs'>): Pause | null {
    if (!this.pause) return null;
    const { number, forMs, endsAtMs, operator, reason } = this.pause;
    const leftMs = endsAtMs - clock.monotonicMs();
    const endsAt = new Date(clock.wallMs() + leftMs).toISOString();
    return { number, remainingMs: Math.max(0, Math.min(forMs, leftMs)), endsAt, operator, reason };
  }
}

/** The store voter in memory, with a delay and faults that a test sets; statements are atomic at the moment they arrive. */
export class MemoryLeaseStore implements LeaseStore {
  readonly #tables: MemoryTables;
  readonly #clock: Clock;
  delayMs = 1;
  /** `unreachable`: nothing gets there. `lost-answer`: carried out, but the answer is lost. */
  fault: 'unreachable' | 'lost-answer' | null = null;

  constructor(tables: MemoryTables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  prepare(): Promise<{ storeId: string }> {
    return this.#send(() => ({ storeId: 'the-store' }));
  }

  enter({ replaces, ...row }: EnterRequest): Promise<StoreView | null> {
    return this.#send(({ nodes }) => {
      const before = nodes.get(row.nodeId);
      if (before && before.incarnation !== replaces && before.incarnation !== row.incarnation) return null;
      // The same incarnation once more (a late repetition) leaves its reign alone; a new one begins without an epoch.
      const same = before?.incarnation === row.incarnation ? before : null;
      const { epoch = null, standbyServerName = null } = same ?? {};
      nodes.set(row.nodeId, { ...row, lastCount: (before?.lastCount ?? 0) + 1, epoch, standbyServerName });
      return this.#tables.view(this.#clock);
    });
  }

  beat(request: BeatRequest): Promise<BeatResult> {
    const { nodeId, incarnation, epoch, count, serverRole, remembers } = request;
    return this.#send(({ nodes, timeline }) => {
      const row = nodes.get(nodeId);
      const matches = row && row.incarnation === incarnation && (epoch === null || row.epoch === epoch);
      if (!row || !matches)
        return { outcome: 'ended', lastCount: row?.lastCount ?? 0, view: this.#tables.view(this.#clock) };
      if (epoch !== null && request.timeline !== timeline)
        return { outcome: 'other-timeline', lastCount: row.lastCount, view: this.#tables.view(this.#clock) };
      if (row.lastCount >= count)
        return { outcome: 'overtaken', lastCount: row.lastCount, view: this.#tables.view(this.#clock) };
      nodes.set(nodeId, { ...row, lastCount: count, serverRole, remembers });
      return { outcome: 'renewed', lastCount: count, view: this.#tables.view(this.#clock) };
    });
  }

  look(): Promise<StoreView> {
    return this.#send(() => this.#tables.view(this.#clock));
  }

  claim(request: ClaimRequest): Promise<Reign | null> {
    const { nodeId, incarnation, seen, seenHolderCount, timeline, storeIncarnation, rebase } = request;
    return this.#send((tables) => {
      const { reign, nodes } = tables;
      if (storeIncarnation !== undefined && storeIncarnation !== tables.storeIncarnation) return null;
      const own = nodes.get(nodeId);
      const holder = seen.holder === null ? undefined : nodes.get(seen.holder);
      const same = JSON.stringify(sorted(seen)) === JSON.stringify(sorted(reign));
      if (!same || own?.incarnation !== incarnation) return null;
      const counter = this.#tables.forgiving !== 'claim-counter';
      if (counter && seen.holder !== null && holder?.lastCount !== seenHolderCount) return null;
      const epoch = rebase?.epoch ?? reign.epoch + 1;
      const remembered = Math.max(reign.epoch, ...[...nodes.values()].map(({ remembers }) => remembers.epoch));
      const otherHistory = !rebase && reign.epoch > 0 && reign.timeline !== timeline;
      if (timeline !== tables.timeline || otherHistory || epoch <= remembered) return null;
      if (holder) nodes.set(holder.nodeId, { ...holder, epoch: null, serverRole: 'STANDBY' });
      const samePlace = (reign.holder ?? reign.lastHolder) === nodeId;
      tables.reign = {
        epoch,
        holder: nodeId,
        holderIncarnation: incarnation,
        lastHolder: nodeId,
        standby: null,
        standbyIncarnation: null,
        membership: rebase?.membership ?? reign.membership + 1,
        handoverTo: null,
        tenureEpoch: rebase?.tenureEpoch ?? (samePlace ? reign.tenureEpoch : epoch),
        timeline,
      };
      const remembers = { epoch, membership: tables.reign.membership };
      nodes.set(nodeId, { ...own, epoch, serverRole: 'PRIMARY', lastCount: own.lastCount + 1, remembers });
      return tables.reign;
    });
  }

  register(request: RegisterRequest): Promise<Reign | null> {
    return this.#send((tables) => {
      const { reign } = tables;
      const { epoch, incarnation, membership, standby, standbyIncarnation, forget } = request;
      if (reign.epoch !== epoch || reign.holderIncarnation !== incarnation || reign.membership !== membership)
        return null;
      if (reign.timeline !== tables.timeline) return null;
      if (forget) tables.nodes.delete(forget);
      tables.reign = { ...reign, standby, standbyIncarnation, membership: membership + 1 };
      return tables.reign;
    });
  }

  readopt({ nodeId, incarnation, seen }: ReadoptRequest): Promise<Reign | null> {
    return this.#send((tables) => {
      const { reign } = tables;
      if (JSON.stringify(sorted(seen)) !== JSON.stringify(sorted(reign)) || reign.standby !== nodeId) return null;
      if (reign.timeline !== tables.timeline) return null;
      tables.reign = { ...reign, standbyIncarnation: incarnation, membership: reign.membership + 1 };
      return tables.reign;
    });
  }

  release({ epoch, incarnation, handoverTo }: ReleaseRequest): Promise<Reign | null> {
    return this.#send((tables) => {
      const { reign, nodes } = tables;
      if (reign.epoch !== epoch || reign.holderIncarnation !== incarnation || reign.holder === null) return null;
      if (reign.timeline !== tables.timeline) return null;
      const row = nodes.get(reign.holder);
      if (row) nodes.set(reign.holder, { ...row, epoch: null, serverRole: 'STANDBY' });
      tables.reign = { ...reign, holder: null, holderIncarnation: null, lastHolder: reign.holder, handoverTo };
      return tables.reign;
    });
  }

  pause(request: PauseRequest): Promise<Reign | null> {
    return this.#send((tables) => {
      const number = tables.pause?.number ?? 0;
      if (number !== request.seenNumber) return null;
      tables.pause = { ...request, number: number + 1, endsAtMs: this.#clock.monotonicMs() + request.forMs };
      tables.reign = { ...tables.reign, membership: tables.reign.membership + 1 };
      return tables.reign;
    });
  }

  async close(): Promise<void> {}

  #send<Answer>(statement: (tables: MemoryTables) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const fault = this.fault;
      if (fault === 'unreachable') {
        this.#clock.after(this.delayMs, () => reject(new StoreError('unreachable', 'the store is cut off')));
        return;
      }
      this.#clock.after(this.delayMs / 2, () => {
        const answer = statement(this.#tables);
        this.#clock.after(this.delayMs / 2, () => {
          if (fault === 'lost-answer') reject(new StoreError('unknown', 'the answer was lost'));
          else resolve(answer);
        });
      });
    });
  }
}

function sorted(reign: Reign): [string, unknown][] {
  return Object.entries(reign).sort(([one], [other]) => one.localeCompare(other));
}
