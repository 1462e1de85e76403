import { readFile } from 'node:fs/promises';
import { StoreError } from '@hotstandby/ports';
import type { ClientConfig } from 'pg';
import { addressOf, type Host } from './hosts.ts';
import type { PostgresOptions } from './options.ts';

/**
 * Settings of a session. Read committed, because beat and claim rely on an update that sees what it waited for; times in
 * one zone, because sessions are compared by the text of their start.
 */
const sessionSettings = {
  default_transaction_isolation: 'read committed',
  timezone: 'UTC',
  datestyle: 'ISO',
  client_min_messages: 'warning',
  jit: 'off',
  // A client that is frozen or cut off in a transaction keeps its locks no longer than this.
  idle_in_transaction_session_timeout: '10s',
};

/** For `pg`. Password and CA are read anew each time, so that a changed one is taken at the next connection. */
export async function clientSettings(
  options: PostgresOptions,
  { host, port }: Host,
  serverStatementTimeoutMs: number,
): Promise<ClientConfig & { host: string; port: number }> {
  const { user, database, options: said } = addressOf(options.store);
  const { passwordFile, caFile } = options.store;
  const password = passwordFile === undefined ? undefined : (await readSecret(passwordFile)).replace(/\r?\n$/, '');
  return {
    host,
    port,
    user: user || 'hotstandby',
    database: database || 'hotstandby',
    ...(password === undefined ? {} : { password }),
    ssl: caFile === undefined ? tlsOf(said['sslmode']) : { ca: await readSecret(caFile) },
    application_name: options.applicationName ?? 'hotstandby',
    statement_timeout: serverStatementTimeoutMs,
    options: Object.entries(sessionSettings)
      .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
      .join(' '),
    keepAlive: true,
    keepAliveInitialDelayMillis: 1000,
  };
}

/** As libpq: `require` encrypts without verifying; to verify against a CA of one's own there is `store.caFile`. */
function tlsOf(sslmode: string | undefined): ClientConfig['ssl'] {
  if (sslmode === 'verify-full' || sslmode === 'verify-ca') return true;
  return sslmode === 'require' ? { rejectUnauthorized: false } : false;
}

async function readSecret(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = (cause as { code?: string }).code ?? 'unreadable';
    throw new StoreError('refused', `the file ${path} for the store's connection cannot be read (${why})`, { cause });
  }
}
