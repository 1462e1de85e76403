import { randomUUID } from 'node:crypto';
import { StoreError } from '@hotstandby/ports';
import { ownErrors } from './faults.ts';
import { checkIdentity, checkWritable, readIdentity, type StoreIdentity } from './identity.ts';
import { leaseStatements } from './lease-statements.ts';
import { connectTimeoutMsOf, type MssqlOptions } from './options.ts';
import { id } from './parameters.ts';
import { quoteName, quoteText } from './quote.ts';
import { knownVersion, migrations } from './schema/index.ts';
import { Session } from './session.ts';

const migrationTimeoutMs = 30_000;

/**
 * Brings the schema to what this program knows, whoever else does the same at this moment, and checks that the store is
 * this cluster's. Throws `StoreError`; trying again is always right.
 */
export async function prepareSchema(
  options: MssqlOptions,
  storeId: string | null,
  end: AbortSignal,
): Promise<StoreIdentity & { forgetful: boolean }> {
  const connectMs = connectTimeoutMsOf(options);
  const session = await Session.open(
    { ...options, applicationName: 'hotstandby schema' },
    migrationTimeoutMs,
    connectMs,
    end,
  );
  try {
    checkWritable(session);
    // A store that is up to date costs no lock, and its hanging no longer than a connection may.
    const found = await readIdentity(session, options, connectMs);
    if (found) checkIdentity(found, options, storeId);
    const current = found && found.version >= knownVersion ? found : await migrate(session, options, found);
    checkIdentity(current, options, storeId);
    await session.run({ text: leaseStatements(options.store.schema).forgetSessions }, connectMs);
    return { ...current, forgetful: session.facts().forgetful };
  } finally {
    session.destroy();
  }
}

async function migrate(session: Session, options: MssqlOptions, before: StoreIdentity | null): Promise<StoreIdentity> {
  const { schema } = options.store;
  const parameters = { lock: id(`hotstandby schema ${schema}`), store: id(randomUUID()), cluster: id(options.cluster) };
  await session.run({ text: migrationStatement(schema), parameters }, migrationTimeoutMs + 1000);
  const after = await readIdentity(session, options, migrationTimeoutMs);
  if (!after) throw new StoreError('refused', `the login may not see the tables of schema "${schema}"`);
  const from = before?.version ?? 0;
  options.log.info('the schema in the store was brought up to date', { schema, from, to: after.version });
  return after;
}

/**
 * All of it in one batch and one transaction, behind a lock: whoever waited for that looks at what is there then. What is made is
 * made by texts of their own, so that the batch compiles whatever is there already.
 */
export function migrationStatement(schema: string): string {
  const s = quoteName(schema);
  const make = (statement: string) => `EXEC (${quoteText(statement)});`;
  const steps = migrations.map((step) => {
    const { version, name, needs } = step;
    const row = `INSERT INTO ${s}.schema_version (version, name, needs) VALUES (${version}, ${quoteText(name)}, ${needs})`;
    const lines = [...step.statements(s), row].map((statement) => `    ${make(statement)}`);
    return `  IF @present < ${version}\n  BEGIN\n${lines.join('\n')}\n  END;`;
  });
  return `SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @got int, @present int;
BEGIN TRY
  BEGIN TRANSACTION;
  EXEC @got = sp_getapplock @Resource = @lock, @LockMode = N'Exclusive', @LockOwner = N'Transaction',
    @LockTimeout = ${migrationTimeoutMs};
  IF @got < 0 BEGIN; THROW ${ownErrors.schemaBusy}, N'somebody else is changing the schema', 1; END;
  IF SCHEMA_ID(${quoteText(schema)}) IS NULL ${make(`CREATE SCHEMA ${s}`)}
  IF OBJECT_ID(${quoteText(`${s}.schema_version`)}, N'U') IS NULL
    ${make(`CREATE TABLE ${s}.schema_version (
      version int NOT NULL PRIMARY KEY, name nvarchar(200) NOT NULL, needs int NOT NULL,
      applied_at datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME())`)}
  EXEC sp_executesql ${quoteText(`SELECT @p = COALESCE(MAX(v.version), 0) FROM ${s}.schema_version AS v`)}, N'@p int OUTPUT',
    @p = @present OUTPUT;
${steps.join('\n')}
  IF @present = 0
  BEGIN
    EXEC sp_executesql ${quoteText(`INSERT INTO ${s}.[identity] (store_id, cluster, format_version) VALUES (@s, @c, 1)`)},
      N'@s nvarchar(200), @c nvarchar(200)', @s = @store, @c = @cluster;
    EXEC sp_executesql ${quoteText(`INSERT INTO ${s}.reign (cluster) VALUES (@c)`)}, N'@c nvarchar(200)', @c = @cluster;
  END;
  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;`;
}
