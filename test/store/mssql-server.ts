import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readStoreUrl, type StoreAddress } from '@hotstandby/config';
import { Connection, Request } from 'tedious';

/** A SQL Server that the environment names, with a database that tests may do anything with. */
export interface MssqlServer {
  url: string;
  passwordFile: string;
  caFile: string | undefined;
  address: StoreAddress;
  /** A batch on a connection of its own; rows of its last result. */
  sql(text: string): Promise<Record<string, unknown>[]>;
  /** An open connection for a test's own transaction. */
  connect(): Promise<{ run(text: string): Promise<Record<string, unknown>[]>; end(): void }>;
  /** Null where HOTSTANDBY_TEST_MSSQL_RESTART names no program that restarts the server and comes back when it is up. */
  restart: (() => void) | null;
}

/** Null: none is named. */
export function mssqlFromEnvironment(): MssqlServer | null {
  const url = process.env['HOTSTANDBY_TEST_MSSQL_URL'];
  if (!url) return null;
  const passwordFile = process.env['HOTSTANDBY_TEST_MSSQL_PASSWORD_FILE'];
  if (!passwordFile) throw new Error('HOTSTANDBY_TEST_MSSQL_PASSWORD_FILE must name the file with the password');
  const caFile = process.env['HOTSTANDBY_TEST_MSSQL_CA_FILE'];
  const program = process.env['HOTSTANDBY_TEST_MSSQL_RESTART'];
  const read = readStoreUrl(url);
  if ('fault' in read) throw new Error(`HOTSTANDBY_TEST_MSSQL_URL: expected ${read.fault.expected}`);
  const { address } = read;
  const connect = async () => {
    const connection = await open(address, readFileSync(passwordFile, 'utf8').trimEnd(), caFile);
    return { run: (text: string) => batch(connection, text), end: () => connection.close() };
  };
  return {
    url,
    passwordFile,
    caFile,
    address,
    connect,
    async sql(text) {
      const client = await connect();
      try {
        return await client.run(text);
      } finally {
        client.end();
      }
    },
    restart: program ? () => void execFileSync(program, { stdio: 'inherit' }) : null,
  };
}

function open({ hosts, user, database, options }: StoreAddress, password: string, caFile: string | undefined) {
  const { host, port } = hosts[0] ?? { host: '', port: 0 };
  const encrypt = options['encrypt'] === 'strict' ? 'strict' : options['encrypt'] !== 'off';
  const connection = new Connection({
    server: host,
    authentication: { type: 'default', options: { userName: user, password } },
    options: {
      port,
      database,
      encrypt,
      trustServerCertificate: false,
      requestTimeout: 0,
      ...(caFile ? { cryptoCredentialsDetails: { ca: readFileSync(caFile, 'utf8') } } : {}),
      ...(options['hostNameInCertificate'] ? { serverName: options['hostNameInCertificate'] } : {}),
    },
  });
  return new Promise<Connection>((resolve, reject) => {
    connection.on('error', reject);
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

function batch(connection: Connection, text: string): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    let rows: Record<string, unknown>[] = [];
    const request = new Request(text, (error) => (error ? reject(error) : resolve(rows)));
    request.on('columnMetadata', () => (rows = []));
    request.on('row', (columns: { value: unknown; metadata: { colName: string } }[]) => {
      rows.push(Object.fromEntries(columns.map(({ value, metadata }) => [metadata.colName, value])));
    });
    connection.execSqlBatch(request);
  });
}
