import type pg from 'pg';
import { sequenceOid, runOid } from './traffic/trap.ts';
import type { StoredRow } from './report.ts';
import type { TrafficKind } from './traffic/generator.ts';

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
           from flow_record where observation_domain = $1`,
    values: (run) => [run],
  },
};

/** Every row of a run of the test traffic. */
export async function storedRows(client: pg.Client, run: number): Promise<StoredRow[]> {
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
