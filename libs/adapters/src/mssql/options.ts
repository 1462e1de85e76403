import { readStoreUrl, type NodeConfig, type StoreAddress } from '@hotstandby/config';
import { StoreError, type Logger } from '@hotstandby/ports';

/** What every part that speaks to SQL Server is made from. Nothing is opened before the first use. */
export interface MssqlOptions {
  store: NodeConfig['store'];
  cluster: string;
  log: Logger;
  /** No statement is waited for any longer. */
  statementTimeoutMs?: number;
  /** Nor a connection to be made; by default it follows the statement timeout. */
  connectTimeoutMs?: number;
  /** The host's own address that connections come from, so that a virtual IP is never their source. */
  bindAddress?: string;
  /** Shown as `program_name` in `sys.dm_exec_sessions`. */
  applicationName?: string;
}

export const defaultStatementTimeoutMs = 10_000;

export function statementTimeoutMsOf(options: MssqlOptions): number {
  return options.statementTimeoutMs ?? defaultStatementTimeoutMs;
}

/** Long enough for TLS and a login on a busy host, short enough that a black hole does not hold up the next attempt. */
export function connectTimeoutMsOf(options: MssqlOptions): number {
  return options.connectTimeoutMs ?? Math.min(Math.max(1000, 2 * statementTimeoutMsOf(options)), 5000);
}

/** The server gives up a lock a little earlier than this side, so that waiting for one ends in a known outcome. */
export function lockTimeoutMsOf(statementTimeoutMs: number): number {
  return Math.max(1, Math.floor(statementTimeoutMs * 0.8));
}

/** Throws `StoreError`; a configuration that was checked has no such URL. */
export function addressOf(options: MssqlOptions): StoreAddress {
  const read = readStoreUrl(options.store.url);
  if ('fault' in read)
    throw new StoreError('refused', `store.url: expected ${read.fault.expected}, got ${read.fault.got}`);
  return read.address;
}
