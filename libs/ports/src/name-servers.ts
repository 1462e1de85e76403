/** What a DNS server says of the name that follows the active. */
export interface NameView {
  /** Texts of the TXT records beside the name, which say whose it is. */
  markers: string[];
  addresses: { address: string; ttlSeconds: number }[];
}

/** The records of the name and its marker as they are to be, all in one transaction. */
export interface NameChange {
  /** The server changes nothing unless the markers are exactly these. Empty: there is none. */
  onlyIfMarkers: string[];
  marker: string;
  /** Empty: the name leads nowhere from then on, and the marker stays. */
  addresses: string[];
  ttlSeconds: number;
}

/** The authoritative servers of the name's zone. */
export interface NameServers {
  /** As configured; the first one takes the updates. */
  readonly servers: readonly string[];
  /** What is missing on this host to do the job (no program, no key), or null. Asks no server. */
  unable(): Promise<{ code: string; message: string; cure: string } | null>;
  /** Throws with an `HS_DNS_...` code when it did not answer; a name that does not exist has empty lists. */
  look(server: string): Promise<NameView>;
  /**
   * Asks the first server for the change. Throws with an `HS_DNS_...` code; `HS_DNS_CHANGED`: the markers are others.
   * After any error the change may have happened all the same, or, when it was not answered, may still happen.
   */
  update(change: NameChange): Promise<void>;
  /**
   * Whether the first server would take an update: throws as `update` does, and changes nothing, because it asks under a
   * condition that cannot be met.
   */
  rehearse(): Promise<void>;
  /**
   * By how much the first server's clock is ahead of this host's, in ms, as its signed answer to a rehearsal says; null: its
   * answer says nothing. Throws as `rehearse` does, but for the clock. Where there is no such method, nobody can tell.
   */
  clockAheadMs?(): Promise<number | null>;
  /** No child process is left afterwards. */
  close(): Promise<void>;
}
