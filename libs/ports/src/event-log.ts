/** A CloudEvent 1.0 in its JSON form, with our extensions `epoch` and `rule`. */
export interface CloudEvent<Data = unknown> {
  specversion: '1.0';
  /** Unique for ever; also the `Nats-Msg-Id` and the id of whatever follows from it (a mail, a row). */
  id: string;
  /** `/hotstandby/<cluster>/<node>/<service>` */
  source: string;
  type: string;
  subject?: string;
  /** RFC 3339, UTC, of the emitting node's wall clock. */
  time: string;
  datacontenttype?: string;
  data: Data;
  epoch?: number;
  rule?: string;
}

export interface ReadOptions {
  /** Start after the event of this id; from the oldest kept when it is not known (any more). */
  afterId?: string | undefined;
  /** Only what comes from now on. Ignored when `afterId` is given. */
  onlyNew?: boolean | undefined;
  /** Start so many events before the end (counted before `types`). Ignored when `afterId` is given. */
  last?: number | undefined;
  /** End by itself when everything that was there at the start has been read; not together with `durableName`. */
  toEnd?: boolean | undefined;
  /** Read on after a restart where this reader left off, by this name. */
  durableName?: string | undefined;
  /** Event types to see; all when absent. */
  types?: string[] | undefined;
}

/** The ops stream: every fact of both nodes, kept on each node's own server. */
export interface EventLog {
  /** Resolves once the node's own server has it on disk; waits out an outage of the server, in order, bounded. */
  append(event: CloudEvent): Promise<void>;
  /** Calls `handler` for one event after the other; an event counts as read when the promise resolves. Ends with `signal`. */
  read(options: ReadOptions, handler: (event: CloudEvent) => Promise<void> | void, signal: AbortSignal): Promise<void>;
}
