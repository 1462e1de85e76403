import type { NodeConfig } from '@hotstandby/config';
import type { Logger } from '@hotstandby/ports';

/** What every part that speaks to PostgreSQL is made from. Nothing is opened before the first use. */
export interface PostgresOptions {
  store: NodeConfig['store'];
  cluster: string;
  log: Logger;
  /** No statement is waited for any longer. */
  statementTimeoutMs?: number;
  /** Nor a connection to be made; by default it follows the statement timeout. */
  connectTimeoutMs?: number;
  /** The host's own address that connections come from, so that a virtual IP is never their source. */
  bindAddress?: string;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
}

export const defaultStatementTimeoutMs = 10_000;

export function statementTimeoutMsOf(options: PostgresOptions): number {
  return options.statementTimeoutMs ?? defaultStatementTimeoutMs;
}

/** Long enough for TLS and SCRAM on a busy host, short enough that a black hole does not hold up the next attempt. */
export function connectTimeoutMsOf(options: PostgresOptions): number {
  return options.connectTimeoutMs ?? Math.min(Math.max(500, 2 * statementTimeoutMsOf(options)), 5000);
}
