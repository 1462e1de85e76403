export type Role = 'starting' | 'standby' | 'active' | 'fenced' | 'paused' | 'refused' | 'stopped';
export type ServerRole = 'PRIMARY' | 'STANDBY' | 'STARTING' | 'REFUSED';

/** The `reign` row: who holds the lease. Epoch 0 with no holder means that nobody ever held it. */
export interface Reign {
  epoch: number;
  /** Node id of the holder; null: free (never held, or released). */
  holder: string | null;
  holderIncarnation: string | null;
  /** Who held it last, when it is free. */
  lastHolder: string | null;
  /** Node id of the registered standby. */
  standby: string | null;
  standbyIncarnation: string | null;
  /** Rises with every change of the registered standby, and with every pause and resume. */
  membership: number;
  /** Node id that a release named as the next holder. */
  handoverTo: string | null;
  /** Epoch at which the present holder (or the last one) took over from another node: its reigns since then are one tenure. */
  tenureEpoch: number;
  /** The store's timeline under which this reign was claimed; null: nobody ever held it. Nobody is believed under another one. */
  timeline: string | null;
}

/** How far a node has seen the reigns go: the epoch first, within one epoch the number of the membership. */
export interface Remembered {
  epoch: number;
  membership: number;
}

/** A row of `befailover`: one node, with the columns of the seeds. */
export interface NodeRow {
  nodeId: string;
  name: string;
  incarnation: string;
  hostAddress: string;
  consolePort: number;
  natsPort: number;
  /** The seeds' LASTCOUNT. */
  lastCount: number;
  /** The seeds' SERVERROLE. */
  serverRole: ServerRole;
  standbyServerName: string | null;
  version: string;
  timeZone: string;
  /** The epoch under which the node is active, else null. */
  epoch: number | null;
  /** The highest that this node has ever seen, as it wrote it itself: a store that went back finds it out from here. */
  remembers: Remembered;
}

/**
 * The newest pause, by the store's clock alone: nodes count on from `remainingMs` with their own monotonic clocks, so a
 * node whose wall clock is wrong is paused no longer and no shorter.
 */
export interface Pause {
  /** Rises with every pause and every resume. */
  number: number;
  /** What was left of it when the store answered, never more than it was made for; 0: it is over. */
  remainingMs: number;
  /** RFC 3339, the store's clock; for people. */
  endsAt: string;
  /** Who paused, or resumed. */
  operator: string;
  reason: string;
}

/** What one look at the store showed. Rows of all nodes, the own one included. */
export interface StoreView {
  reign: Reign;
  nodes: NodeRow[];
  /** Null: there never was one. */
  pause: Pause | null;
  /** Changes when the database server was restarted or replaced. */
  storeIncarnation: string;
  /**
   * The history that the answering server goes on with: another one when a replica was promoted or a backup restored into
   * a new history. Not its start: a restart keeps the timeline. Whoever did not live through the change may lack commits.
   */
  timeline: string;
}
