import { StoreError } from '@hotstandby/ports';
import type { MssqlOptions } from './options.ts';
import { quoteName, quoteText } from './quote.ts';
import { knownVersion } from './schema/index.ts';
import type { Session } from './session.ts';

/** What the store says of itself. */
export interface StoreIdentity {
  storeId: string;
  cluster: string;
  /** Newest step of the schema. */
  version: number;
  /** What a program must know to work with it. */
  needs: number;
}

/** Null: there is no schema yet, or the login may not see it. */
export async function readIdentity(
  session: Session,
  options: MssqlOptions,
  timeoutMs: number,
): Promise<StoreIdentity | null> {
  const s = quoteName(options.store.schema);
  // The name of a table that is not there is only looked up when the statement runs.
  const text = `SET NOCOUNT ON;
IF OBJECT_ID(${quoteText(`${s}.[identity]`)}, N'U') IS NOT NULL
  SELECT i.store_id AS [storeId], i.cluster AS [cluster],
    (SELECT COALESCE(MAX(v.version), 0) FROM ${s}.schema_version AS v) AS [version],
    (SELECT COALESCE(MAX(v.needs), 0) FROM ${s}.schema_version AS v) AS [needs]
   FROM ${s}.[identity] AS i;`;
  const row = (await session.run({ text }, timeoutMs))[0]?.[0];
  if (!row) return null;
  return {
    storeId: String(row['storeId']),
    cluster: String(row['cluster']),
    version: Number(row['version']),
    needs: Number(row['needs']),
  };
}

/** Throws `foreign` or `newer-schema` when this program must not use the store. */
export function checkIdentity(identity: StoreIdentity, options: MssqlOptions, storeId: string | null): void {
  if (identity.cluster !== options.cluster) {
    throw new StoreError('foreign', `the store belongs to cluster "${identity.cluster}", not "${options.cluster}"`);
  }
  if (storeId !== null && identity.storeId !== storeId) {
    throw new StoreError('foreign', `the store is ${identity.storeId}, and was ${storeId} before`);
  }
  if (identity.needs > knownVersion) {
    throw new StoreError(
      'newer-schema',
      `the schema is at version ${identity.version} and needs a program that knows ${identity.needs}; this one knows ${knownVersion}`,
    );
  }
}

/** A secondary replica shows the past: nothing is read from it. */
export function checkWritable(session: Session): void {
  if (session.facts().readOnly) throw new StoreError('read-only', 'the database is read-only, or a secondary replica');
}
