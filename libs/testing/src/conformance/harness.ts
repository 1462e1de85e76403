import type { ClaimRequest, LeaseStore, NodeRow, Reign, Remembered, StoreView, WriteGuard } from '@hotstandby/ports';

export interface OpenOptions {
  cluster?: string;
  statementTimeoutMs?: number;
}

/** An empty store on a real server, with what a test does to it from outside. Made anew for every test. */
export interface LeaseStoreHarness {
  /** A node's own line to the store; closed by `close`. */
  open(options?: OpenOptions): LeaseStore;
  /** Connections open, nothing answers, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** What has a connection now stalls in the server, statements under way too; new connections are answered. */
  stallConnections(): Promise<{ goOn(): void }>;
  /** Ends every connection in the server, under whatever statement. */
  breakConnections(): Promise<void>;
  /** Stops the server and starts it again with the same data. */
  restart(): Promise<void>;
  /** False where `restart` only goes on after `halt`: whoever runs the tests may not restart the server. */
  restarts?: boolean;
  /** Stops the server; `restart` starts it again. */
  halt(): Promise<void>;
  /** The database takes no writes from new connections; open ones are ended. */
  setReadOnly(readOnly: boolean): Promise<void>;
  /** As if a newer program had been here that older ones cannot work beside. */
  makeSchemaNewer(): Promise<void>;
  /** As if a backup had been restored: the reign and all rows as they were when it was taken. */
  takeBackup(): Promise<{ restore(): Promise<void> }>;
  /**
   * The server goes on with another history, as after the promotion of a replica; what it holds stays. Null where a test
   * cannot make that happen.
   */
  newTimeline: (() => Promise<void>) | null;
  /** Somebody else's transaction holds the row of a node until it is let go. */
  holdNodeRow(nodeId: string): Promise<{ letGo(): Promise<void> }>;
  /** A sink's transaction that has written rows and not yet sent its last message. */
  beginGuardedWrite(guard: WriteGuard): Promise<{ finish(): Promise<'written' | 'stale'> }>;
  /** Rows that guarded writes left behind. */
  guardedRows(): Promise<number>;
  close(): Promise<void>;
}

export type MakeHarness = () => Promise<LeaseStoreHarness>;

type EnterRow = Omit<NodeRow, 'lastCount' | 'epoch' | 'standbyServerName'>;

export function rowOf(name: string, incarnation = `${name}-1`): EnterRow {
  return {
    nodeId: `id-${name}`,
    name,
    incarnation,
    hostAddress: '127.0.0.1',
    consolePort: 8080,
    natsPort: 4222,
    serverRole: 'STARTING',
    version: '0.1.0',
    timeZone: 'Europe/Berlin',
    remembers: { epoch: 0, membership: 0 },
  };
}

/** One node as a test drives it: its line to the store and its counter. */
export class StoreNode {
  readonly name: string;
  readonly nodeId: string;
  readonly incarnation: string;
  readonly store: LeaseStore;
  count = 0;
  /** Of the store as it was entered; a node believes in no other one. */
  timeline: string | null = null;
  remembers: Remembered = { epoch: 0, membership: 0 };

  constructor(store: LeaseStore, name: string, incarnation = `${name}-1`) {
    this.store = store;
    this.name = name;
    this.nodeId = `id-${name}`;
    this.incarnation = incarnation;
  }

  /** From whoever has the row. */
  async enter(): Promise<StoreView> {
    await this.store.prepare();
    const { nodes } = await this.store.look();
    const replaces = nodes.find(({ nodeId }) => nodeId === this.nodeId)?.incarnation ?? null;
    const view = await this.enterFrom(replaces);
    if (!view) throw new Error('somebody else entered at the same time');
    return view;
  }

  /** `replaces`: the incarnation that it takes for the row's. */
  async enterFrom(replaces: string | null): Promise<StoreView | null> {
    const view = await this.store.enter({ ...rowOf(this.name, this.incarnation), replaces });
    if (!view) return null;
    this.count = rowIn(view, this.nodeId).lastCount;
    this.timeline = view.timeline;
    return view;
  }

  async beat(epoch: number | null) {
    this.count += 1;
    const { nodeId, incarnation, count, timeline, remembers } = this;
    const result = await this.store.beat({
      nodeId,
      incarnation,
      epoch,
      count,
      serverRole: epoch ? 'PRIMARY' : 'STANDBY',
      timeline,
      remembers,
    });
    this.count = Math.max(this.count, result.lastCount);
    return result;
  }

  async claim(view: StoreView, rebase: ClaimRequest['rebase'] = null): Promise<Reign | null> {
    const { reign } = view;
    const holder = view.nodes.find((node) => node.nodeId === reign.holder);
    const { nodeId, incarnation } = this;
    const won = await this.store.claim({
      nodeId,
      incarnation,
      seen: reign,
      seenHolderCount: holder?.lastCount ?? null,
      timeline: view.timeline,
      rebase,
    });
    // A claim is a sign of life of its own: it raises the counter by one.
    if (won) this.count += 1;
    return won;
  }

  async claimNow(): Promise<Reign> {
    const reign = await this.claim(await this.store.look());
    if (!reign) throw new Error(`${this.name} lost the claim`);
    return reign;
  }

  /** The active makes another node its registered standby. */
  async register(other: StoreNode, reign: Reign): Promise<Reign> {
    const { nodeId: standby, incarnation: standbyIncarnation } = other;
    const { epoch, membership } = reign;
    const { incarnation } = this;
    const after = await this.store.register({
      epoch,
      incarnation,
      membership,
      standby,
      standbyIncarnation,
      forget: null,
    });
    if (!after) throw new Error(`${this.name} could not register ${other.name}`);
    return after;
  }
}

export function rowIn(view: StoreView, nodeId: string): NodeRow {
  const row = view.nodes.find((node) => node.nodeId === nodeId);
  if (!row) throw new Error(`no row of ${nodeId}`);
  return row;
}
