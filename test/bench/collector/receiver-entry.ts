/** Formats of the load generator. */
export type Format = 'syslog3164' | 'syslog5424' | 'nf5' | 'nf9' | 'ipfix' | 'trap2c';

/** Where a run happens. */
export interface Place {
  /** Empty, and gone afterwards. */
  dir: string;
  port: number;
  format: Format;
}

/** A receiver under test: ours and theirs alike. */
export interface ReceiverEntry {
  name: string;
  /** What is needed beside Node, for the message when it is missing. */
  program?: string;
  /** Writes its configuration and says what to run. */
  command(place: Place): { argv: string[]; env?: Record<string, string>; cwd?: string };
  /** Before the command, and after it has ended; `pid` of a server that must run beside it. */
  beside?(place: Place): Promise<{ stop(): Promise<void> }>;
  /** Records stored, counted after it was stopped. */
  stored(place: Place, output: string): number | Promise<number>;
  /** Records stored, asked while it still runs. */
  storedNow?(place: Place): Promise<number>;
  /** Datagrams are counted, not records. */
  countsDatagrams?: boolean;
  stopSignal?: NodeJS.Signals;
  /** From the open socket until it is really ready. */
  settleMs?: number;
  /** It writes what it has when it stops. */
  slowStop?: boolean;
}
