import type pg from 'pg';
import { sequenceOid, runOid } from './traffic/trap.ts';
import type { StoredRow } from './report.ts';
import type { TrafficKind } from './traffic/generator.ts';
import { version5Source } from './traffic/netflow5.ts';

// `xmin` names the transaction that wrote the row; the server keeps when it was committed (track_commit_timestamp).
const committed = `extract(epoch from coalesce(pg_xact_commit_timestamp(xmin), stored_at)) * 1000`;
const dotted = (oid: number[]) => oid.join('.');

const selects: Record<TrafficKind, { text: string; values: (run: number) => unknown[] }> = {
  syslog: {
    text: `select (structured_data->'demo@32473'->>'seq')::int as sequence, epoch::int as epoch, (${committed})::float8 as committed
           from syslog_message where structured_data->'demo@32473'->>'run' = $1`,
    values: (run) => [String(run)],
  },
  trap: {
    text: `select (jsonb_path_query_first(varbinds, '$[*] ? (@.oid == $oid).value', jsonb_build_object('oid', $2::text))#>>'{}')::int as sequence,
                  epoch::int as epoch, (${committed})::float8 as committed
           from snmp_trap
           where jsonb_path_query_first(varbinds, '$[*] ? (@.oid == $oid).value', jsonb_build_object('oid', $1::text))#>>'{}' = $3`,
    values: (run) => [dotted(runOid), dotted(sequenceOid), String(run)],
  },
  flow: {
    text: `select octets::int as sequence, epoch::int as epoch, (${committed})::float8 as committed
           from flow_record where (version <> 5 and observation_domain = $1) or (version = 5 and source_address = $2)`,
    values: (run) => [run, version5Source(run)],
  },
};

/** The first active makes them when it is well. */
const isWithoutTables = (error: unknown): boolean => (error as { code?: unknown }).code === '42P01';

/** Every row of a run of the test traffic; none before there are tables. */
export async function storedRows(client: pg.Client, run: number): Promise<StoredRow[]> {
  try {
    return await rowsOf(client, run);
  } catch (error) {
    if (isWithoutTables(error)) return [];
    throw error;
  }
}

async function rowsOf(client: pg.Client, run: number): Promise<StoredRow[]> {
  const found: StoredRow[] = [];
  for (const [kind, select] of Object.entries(selects) as [TrafficKind, (typeof selects)[TrafficKind]][]) {
    const { rows } = await client.query<{ sequence: number; epoch: number; committed: number }>(
      select.text,
      select.values(run),
    );
    for (const row of rows)
      found.push({ kind, sequence: row.sequence, epoch: row.epoch, committedAtMs: row.committed });
  }
  return found;
}

/**
 * Rows that hold what could not be read, of all that was received since then: flows of an earlier run wait for their templates for half
 * a minute, and are stored in this one.
 */
export async function undecodableSince(client: pg.Client, since: string): Promise<number> {
  const count = (table: string) =>
    `(select count(*) from ${table} where malformed is not null and received_at >= $1::timestamptz)`;
  const tables = ['syslog_message', 'snmp_trap', 'flow_record'];
  const { rows } = await client.query<{ n: number }>(`select (${tables.map(count).join(' + ')})::int as n`, [since]);
  return rows[0]?.n ?? 0;
}

/** Which versions of flows a run of the test traffic has in the store, as far as they could be read. */
export async function readVersions(client: pg.Client, run: number): Promise<number[]> {
  const { rows } = await client.query<{ version: number }>(
    `select distinct version from flow_record
     where malformed is null and ((version <> 5 and observation_domain = $1) or (version = 5 and source_address = $2))`,
    selects.flow.values(run),
  );
  return rows.map(({ version }) => version);
}

export async function databaseNow(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
  return rows[0]?.now ?? 'now';
}
