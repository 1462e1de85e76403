import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { StoreError } from '@hotstandby/ports';
import type { ConnectionConfiguration } from 'tedious';
import { connectSocket } from './connect-socket.ts';
import { addressOf, connectTimeoutMsOf, type MssqlOptions } from './options.ts';

/** For the driver. Password and CA are read anew each time, so that a changed one is taken at the next connection. */
export async function clientSettings(
  options: MssqlOptions,
  onSocket: (socket: Socket) => void,
): Promise<ConnectionConfiguration> {
  const { hosts, user, database, options: said } = addressOf(options);
  const { host, port } = hosts[0] ?? { host: '', port: 0 };
  const { passwordFile, caFile } = options.store;
  const password = passwordFile === undefined ? '' : (await readSecret(passwordFile)).replace(/\r?\n$/, '');
  const encrypt = said['encrypt'] === 'strict' ? 'strict' : said['encrypt'] !== 'off';
  const nameInCertificate = said['hostNameInCertificate'];
  const { bindAddress } = options;
  return {
    server: host,
    authentication: { type: 'default', options: { userName: user, password } },
    options: {
      port,
      database,
      appName: options.applicationName ?? 'hotstandby',
      connector: () => connectSocket({ host, port, bindAddress, guarded: encrypt !== false, onSocket }),
      // By TLS alone: never believed without a CA that vouches for it.
      encrypt,
      trustServerCertificate: false,
      ...(caFile === undefined ? {} : { cryptoCredentialsDetails: { ca: await readSecret(caFile) } }),
      ...(nameInCertificate === undefined ? {} : { serverName: nameInCertificate }),
      // Times are ours: the driver would cancel and go on where an overdue answer must end the connection.
      connectTimeout: 2 * connectTimeoutMsOf(options),
      requestTimeout: 0,
      // It would try again by itself, unseen by the rules that count connections.
      maxRetriesOnTransientErrors: 0,
      connectionIsolationLevel: 2,
      abortTransactionOnError: true,
      useUTC: true,
    },
  };
}

async function readSecret(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = (cause as { code?: string }).code ?? 'unreadable';
    throw new StoreError('refused', `the file ${path} for the store's connection cannot be read (${why})`, { cause });
  }
}
