export interface PairOptions {
  command: 'start' | 'demo';
  /** As given; null: the default folder. */
  data: string | null;
  reset: boolean;
  profile: 'fast' | 'standard' | 'classic';
  /** Counts from the moment that a node is active; null: until stopped. */
  forSeconds: number | null;
  traffic: boolean;
  plain: boolean;
  vip: boolean;
  /** With a DNS server and a virtual hostname. */
  hostname: boolean;
  /** First three numbers of the loopback addresses. */
  net: string;
  scenario: 'crash' | 'switchover' | 'freeze';
  /** Null: one, with `scenario`. */
  takeovers: number | null;
  json: boolean;
  /** Datagrams a second of each kind. */
  rate: number;
  prepare: boolean;
  help: boolean;
}

export function parseOptions(argv: string[]): PairOptions;
export function helpText(command: 'start' | 'demo'): string;
