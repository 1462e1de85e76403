import { StoreError } from '@hotstandby/ports';
import type { PostgresOptions } from './options.ts';
import { quoteName } from './quote.ts';
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

/** Null: there is no schema yet. */
export async function readIdentity(
  session: Session,
  options: PostgresOptions,
  timeoutMs: number,
): Promise<StoreIdentity | null> {
  const s = quoteName(options.store.schema);
  // From the catalogue's tables: `to_regclass` may answer from a cache that does not know what others just committed.
  const there = await session.run<{ there: boolean }>(
    {
      text: `select exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
                             where n.nspname = $1 and c.relname = 'identity') as there`,
      values: [options.store.schema],
    },
    timeoutMs,
  );
  if (!there[0]?.there) return null;
  const rows = await session.run<{ store_id: string; cluster: string; version: number; needs: number }>(
    `select store_id, cluster, (select coalesce(max(version), 0) from ${s}.schema_version) as version,
            (select coalesce(max(needs), 0) from ${s}.schema_version) as needs
       from ${s}.identity`,
    timeoutMs,
  );
  const row = rows[0];
  return row ? { storeId: row.store_id, cluster: row.cluster, version: row.version, needs: row.needs } : null;
}

/** Throws `foreign`, `newer-schema` or `read-only` when this program must not use the store. */
export function checkIdentity(identity: StoreIdentity, options: PostgresOptions, storeId: string | null): void {
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

/** A replica shows the past: nothing is read from it. */
export function checkWritable(session: Session): void {
  if (session.facts.inRecovery) throw new StoreError('read-only', 'the server is a replica that takes no writes');
}
