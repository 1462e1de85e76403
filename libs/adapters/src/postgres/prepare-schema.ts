import { randomUUID } from 'node:crypto';
import { checkIdentity, checkWritable, readIdentity, type StoreIdentity } from './identity.ts';
import { connectTimeoutMsOf, type PostgresOptions } from './options.ts';
import { quoteName } from './quote.ts';
import { knownVersion, migrations } from './schema/index.ts';
import { Session } from './session.ts';

const migrationTimeoutMs = 30_000;

/**
 * Brings the schema to what this program knows, whoever else does the same at this moment, and checks that the store is
 * this cluster's. Throws `StoreError`; trying again is always right.
 */
export async function prepareSchema(
  options: PostgresOptions,
  storeId: string | null = null,
): Promise<StoreIdentity & { fsync: boolean }> {
  const session = await Session.open({ ...options, applicationName: 'hotstandby schema' }, migrationTimeoutMs);
  try {
    checkWritable(session);
    // A store that is up to date costs no lock, and its hanging no longer than a connection may.
    const found = await readIdentity(session, options, connectTimeoutMsOf(options));
    if (found) checkIdentity(found, options, storeId);
    const current = found && found.version >= knownVersion ? found : await migrate(session, options, storeId);
    return { ...current, fsync: session.facts.fsync };
  } finally {
    await session.close();
  }
}

async function migrate(session: Session, options: PostgresOptions, storeId: string | null): Promise<StoreIdentity> {
  const { schema } = options.store;
  const s = quoteName(schema);
  const run = (text: string, values?: unknown[]) =>
    session.run(values ? { text, values } : text, migrationTimeoutMs + 1000);
  await run('begin');
  // Held to the end of the transaction; whoever waited looks again at what is there then.
  await run('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`hotstandby schema ${schema}`]);
  const before = await readIdentity(session, options, migrationTimeoutMs);
  if (before) checkIdentity(before, options, storeId);
  const present = before?.version ?? 0;

  if (!before) {
    // Without `if not exists`, which asks for the right to make schemas even when there is nothing to make.
    const [there] = await session.run<{ there: boolean }>(
      { text: 'select exists (select 1 from pg_namespace where nspname = $1) as there', values: [schema] },
      migrationTimeoutMs,
    );
    if (!there?.there) await run(`create schema ${s}`);
    await run(`create table ${s}.schema_version (
      version integer primary key, name text not null, needs integer not null,
      applied_at timestamptz not null default clock_timestamp())`);
    await run(
      `comment on table ${s}.schema_version is 'Steps of this schema that were applied, and which program each of them needs.'`,
    );
  }
  for (const step of migrations.filter(({ version }) => version > present)) {
    const { version, name, needs } = step;
    for (const statement of step.statements(s)) await run(statement);
    await run(`insert into ${s}.schema_version (version, name, needs) values ($1, $2, $3)`, [version, name, needs]);
  }
  if (!before) {
    await run(`insert into ${s}.identity (store_id, cluster, format_version) values ($1, $2, 1)`, [
      randomUUID(),
      options.cluster,
    ]);
    await run(`insert into ${s}.reign (cluster) values ($1)`, [options.cluster]);
  }
  const after = await readIdentity(session, options, migrationTimeoutMs);
  await run('commit');
  if (!after) throw new Error('the schema is not there after it was made');
  options.log.info('the schema in the store was brought up to date', { schema, from: present, to: after.version });
  return after;
}
