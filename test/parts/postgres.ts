import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { appendFile, chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { eventually } from './eventually.ts';
import { freePort } from './nats-server.ts';
import { postgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { childrenOf } from './process-children.ts';

export interface PostgresOptions {
  /** 127.0.0.1 when absent. */
  address?: string;
  /** A free one when absent. */
  port?: number;
  /** Server settings, as `postgres -c name=value`. */
  settings?: Record<string, string>;
  /** With one, every connection must give it (SCRAM); without, everybody is trusted. */
  password?: string;
  /** With a certificate TLS is offered. */
  tls?: { certificatePem: string; keyPem: string };
  /** Makes it a streaming replica of that one, which is stopped and started again for the copy. */
  replicaOf?: Postgres;
}

export interface Postgres {
  /** Database `hotstandby` as its owner, an ordinary user. Holds no password. */
  url: string;
  /** The same database as superuser `postgres`. */
  adminUrl: string;
  address: string;
  port: number;
  dataDir: string;
  /** Of the postmaster. */
  pid(): number;
  /** Makes an empty database and returns its URL for the ordinary user. */
  createDatabase(name: string): Promise<string>;
  /** Runs statements as superuser in database `hotstandby`; rows of the last. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** SIGKILL to the server and all its sessions: a crash. */
  kill(): Promise<void>;
  /** SIGSTOP to the server and all its sessions: connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
  /** A clean stop that ends all sessions at once; the data stays. */
  halt(): Promise<void>;
  /** Starts it again, on the same port and data. */
  start(settings?: Record<string, string>): Promise<void>;
  restart(settings?: Record<string, string>): Promise<void>;
  /** The same data on a new timeline: started as a replica of nobody, and promoted. */
  promote(): Promise<void>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
  /** What the server logged. */
  output(): string;
}

/** A real PostgreSQL of its own, empty, up when this resolves. Works as root and as an ordinary user. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const binaries = await postgresBinaries();
  const { replicaOf } = options;
  const dataDir = replicaOf ? await copyDataDir(replicaOf) : await makeDataDir(binaries, options.password);
  if (options.tls) await writeCertificate(binaries, dataDir, options.tls);
  let child: ChildProcess | null = null;
  let said = '';

  const endWith = async (signal: NodeJS.Signals) => {
    const running = child;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => running.once('exit', () => resolve()));
    thaw();
    const sessions = signal === 'SIGKILL' ? childrenOf(running.pid ?? -1) : [];
    running.kill(signal);
    for (const pid of sessions) signalOne(pid, 'SIGKILL');
    await gone;
  };
  // The postmaster first when stopping, last when going on: it must not see its children in between.
  const freeze = () => {
    const pid = child?.pid ?? -1;
    signalOne(pid, 'SIGSTOP');
    for (const session of childrenOf(pid)) signalOne(session, 'SIGSTOP');
  };
  const thaw = () => {
    const pid = child?.pid ?? -1;
    for (const session of childrenOf(pid)) signalOne(session, 'SIGCONT');
    signalOne(pid, 'SIGCONT');
  };
  const adminUrlOf = (database: string) => `postgresql://postgres@${address}:${port}/${database}`;
  const start = async (settings: Record<string, string> = {}) => {
    const ssl = options.tls ? { ssl: 'on' } : {};
    const all = {
      ...baseSettings,
      ...ssl,
      ...options.settings,
      ...settings,
      listen_addresses: address,
      port: String(port),
    };
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const started = spawn(binaries.postgres, ['-D', dataDir, ...flags], {
      cwd: dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...binaries.as,
    });
    child = started;
    const hear = (chunk: Buffer) => (said = (said + chunk.toString()).slice(-200_000));
    started.stdout.on('data', hear);
    started.stderr.on('data', hear);
    await eventually(
      async () => {
        if (started.exitCode !== null) return true;
        await query(adminUrlOf('postgres'), options.password, 'select 1');
        return true;
      },
      30_000,
      'a PostgreSQL that takes connections',
    );
    if (started.exitCode !== null) throw new Error(`postgres ended at once:\n${said}`);
  };
  const lastResort = () => void child?.kill('SIGQUIT');
  process.once('exit', lastResort);

  await start();
  // A replica is up when it follows: whatever is committed from now on comes to it.
  if (replicaOf) {
    const following = `select 1 from pg_stat_replication where state = 'streaming'`;
    await eventually(async () => (await replicaOf.sql(following)).length > 0, 30_000, 'a replica that follows');
  }
  const admin = (text: string) => query(adminUrlOf('postgres'), options.password, text);
  const createDatabase = async (name: string) => {
    await admin(`create database "${name}" owner hotstandby`);
    return `postgresql://hotstandby@${address}:${port}/${name}`;
  };
  const secret = options.password === undefined ? '' : ` password '${options.password.replaceAll("'", "''")}'`;
  if (!replicaOf) {
    await admin(`create role hotstandby login${secret}`);
    await createDatabase('hotstandby');
  }
  const url = `postgresql://hotstandby@${address}:${port}/hotstandby`;
  const adminUrl = adminUrlOf('hotstandby');

  return {
    url,
    adminUrl,
    address,
    port,
    dataDir,
    pid: () => child?.pid ?? -1,
    createDatabase,
    sql: (text, values) => query(adminUrl, options.password, text, values),
    kill: () => endWith('SIGKILL'),
    freeze,
    thaw,
    halt: () => endWith('SIGINT'),
    start,
    async restart(settings) {
      await endWith('SIGINT');
      await start(settings);
    },
    async promote() {
      await endWith('SIGINT');
      await writeFile(join(dataDir, 'standby.signal'), '', { mode: 0o600 });
      if (binaries.as) await chown(join(dataDir, 'standby.signal'), binaries.as.uid, binaries.as.gid);
      await start();
      await query(adminUrl, options.password, 'select pg_promote()');
    },
    async stop() {
      await endWith('SIGQUIT');
      process.off('exit', lastResort);
      await rm(dataDir, { recursive: true, force: true });
      await binaries.discard();
    },
    output: () => said,
  };
}

/** What a server's data folder held when it was halted. */
export interface DataCopy {
  /** The data of a halted server becomes this again: an old copy is put back, without a new timeline. */
  putBack(server: Postgres): void;
  discard(): Promise<void>;
}

/** Of a halted server, whose files stand still. */
export async function copyOf(server: Postgres): Promise<DataCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'hotstandby-pgcopy-'));
  execFileSync('cp', ['-a', `${server.dataDir}/.`, folder]);
  return {
    putBack(to) {
      execFileSync('find', [to.dataDir, '-mindepth', '1', '-delete']);
      execFileSync('cp', ['-a', `${folder}/.`, to.dataDir]);
    },
    discard: () => rm(folder, { recursive: true, force: true }),
  };
}

// No fsync: what a test kills is the server, never the kernel that holds its pages.
const baseSettings = {
  fsync: 'off',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  max_connections: '80',
  log_line_prefix: '%m [%p] ',
};

async function makeDataDir(binaries: PostgresBinaries, password: string | undefined): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hotstandby-pgdata-'));
  await chmod(dataDir, 0o700);
  if (binaries.as) await chown(dataDir, binaries.as.uid, binaries.as.gid);
  const passwordFile = join(await mkdtemp(join(tmpdir(), 'hotstandby-pgpass-')), 'password');
  const flags = ['-D', join(dataDir), '-U', 'postgres', '--no-sync', '--encoding=UTF8', '--locale=C'];
  if (password === undefined) flags.push('--auth=trust');
  else {
    await writeFile(passwordFile, `${password}\n`);
    if (binaries.as) await chown(passwordFile, binaries.as.uid, binaries.as.gid);
    await chmod(join(passwordFile, '..'), 0o755);
    flags.push('--auth=scram-sha-256', `--pwfile=${passwordFile}`);
  }
  execFileSync(binaries.initdb, flags, { cwd: '/', stdio: ['ignore', 'ignore', 'inherit'], ...binaries.as });
  await rm(join(passwordFile, '..'), { recursive: true, force: true });
  // What initdb writes lets in 127.0.0.1 only; nodes come from 127.0.0.11 and others.
  const method = password === undefined ? 'trust' : 'scram-sha-256';
  const lines = ['all all 0.0.0.0/0', 'all all ::0/0', 'replication all 0.0.0.0/0'].map(
    (who) => `host ${who} ${method}\n`,
  );
  await writeFile(join(dataDir, 'pg_hba.conf'), lines.join(''));
  return dataDir;
}

/** What pg_basebackup would make; npm's PostgreSQL has none, so the primary is copied while it is down. */
async function copyDataDir(primary: Postgres): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hotstandby-pgdata-'));
  await primary.halt();
  execFileSync('cp', ['-a', `${primary.dataDir}/.`, dataDir]);
  const conninfo = `host=${primary.address} port=${primary.port} user=postgres application_name=replica`;
  await appendFile(join(dataDir, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
  execFileSync('cp', ['-a', join(dataDir, 'PG_VERSION'), join(dataDir, 'standby.signal')]);
  await primary.start();
  return dataDir;
}

async function writeCertificate(
  { as }: PostgresBinaries,
  dataDir: string,
  { certificatePem, keyPem }: NonNullable<PostgresOptions['tls']>,
): Promise<void> {
  for (const [name, text] of [
    ['server.crt', certificatePem],
    ['server.key', keyPem],
  ] as const) {
    const path = join(dataDir, name);
    await writeFile(path, text, { mode: 0o600 });
    if (as) await chown(path, as.uid, as.gid);
  }
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

async function query(
  connectionString: string,
  password: string | undefined,
  text: string,
  values?: unknown[],
): Promise<Record<string, unknown>[]> {
  const client = new Client({
    connectionString:
      password === undefined ? connectionString : connectionString.replace('@', `:${encodeURIComponent(password)}@`),
    connectionTimeoutMillis: 3000,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    const result: unknown = await client.query(text, values);
    const last = Array.isArray(result) ? (result.at(-1) as unknown) : result;
    return (last as { rows: Record<string, unknown>[] }).rows;
  } finally {
    await client.end();
  }
}
