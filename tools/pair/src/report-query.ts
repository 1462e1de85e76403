import type pg from 'pg';
import { sequenceOid, runOid } from './traffic/trap.ts';
import type { StoredRow } from './report.ts';
import { type TrafficKind, trafficKinds } from './traffic/generator.ts';
import { version5Source } from './traffic/netflow5.ts';

/** Which rows are looked at: those of a run of the test traffic that were received since then, by the database's clock. */
export interface Asked {
  run: number;
  /** What makes a look cheap where many runs are in the tables; null: all of them. */
  since: string | null;
}

const dotted = (oid: number[]) => oid.join('.');
const tables: Record<TrafficKind, string> = { syslog: 'syslog_message', trap: 'snmp_trap', flow: 'flow_record' };

/** Rows with the transaction that wrote them (`xmin`), which a view does not tell. */
const writtenRows: Record<TrafficKind, string> = {
  ...tables,
  flow: `(select xmin, epoch, stored_at, received_at, version, observation_domain, source_address, octets from flow_row
    union all select p.xmin, p.epoch, p.stored_at, p.received_at, p.version, p.observation_domain,
      '0.0.0.0'::inet + (coalesce(p.source_address[n], p.source_address[1])::bigint & 4294967295),
      coalesce(p.octets[n], p.octets[1]) from flow_pack p cross join lateral generate_series(1, p.flows) n) written`,
};

// `$1` is the time since when, in each of them.
const ofRun: Record<TrafficKind, { sequence: string; where: string; values: (run: number) => unknown[] }> = {
  syslog: {
    sequence: `structured_data->'demo@32473'->>'seq'`,
    where: `structured_data->'demo@32473'->>'run' = $2`,
    values: (run) => [String(run)],
  },
  trap: {
    sequence: `jsonb_path_query_first(varbinds, '$[*] ? (@.oid == $oid).value', jsonb_build_object('oid', '${dotted(sequenceOid)}'))#>>'{}'`,
    where: `jsonb_path_query_first(varbinds, '$[*] ? (@.oid == $oid).value', jsonb_build_object('oid', '${dotted(runOid)}'))#>>'{}' = $2`,
    values: (run) => [String(run)],
  },
  flow: {
    sequence: 'octets::text',
    where: '((version <> 5 and observation_domain = $2) or (version = 5 and source_address = $3))',
    values: (run) => [run, version5Source(run)],
  },
};

const receivedSince = `received_at >= coalesce($1::timestamptz, '-infinity')`;
const parametersOf = (kind: TrafficKind, { run, since }: Asked) => [since, ...ofRun[kind].values(run)];

/** The first active makes them when it is well. */
const isWithoutTables = (error: unknown): boolean => (error as { code?: unknown }).code === '42P01';

async function unlessThereAreNone<Answer>(ask: () => Promise<Answer>, none: Answer): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (isWithoutTables(error)) return none;
    throw error;
  }
}

/** Every row of a run of the test traffic; none before there are tables. */
export function storedRows(client: pg.Client, asked: Asked): Promise<StoredRow[]> {
  return unlessThereAreNone(() => rowsOf(client, asked), []);
}

/** A line a transaction: hundreds of thousands of rows come in one look. */
async function rowsOf(client: pg.Client, asked: Asked): Promise<StoredRow[]> {
  const found: StoredRow[] = [];
  for (const kind of trafficKinds) {
    const { sequence, where } = ofRun[kind];
    // `xmin` names the transaction that wrote the row; the server keeps when it was committed (track_commit_timestamp).
    const { rows } = await client.query<{ epoch: number; committed: number; sequences: string }>(
      `select epoch::int as epoch, string_agg(${sequence}, ' ') as sequences,
              (extract(epoch from coalesce(pg_xact_commit_timestamp(xmin), max(stored_at))) * 1000)::float8 as committed
       from ${writtenRows[kind]} where ${receivedSince} and ${where} group by xmin, epoch`,
      parametersOf(kind, asked),
    );
    for (const { epoch, committed, sequences } of rows)
      for (const text of sequences.split(' '))
        found.push({ kind, sequence: Number(text), epoch, committedAtMs: committed });
  }
  return found;
}

/** Of which kinds there is a row. */
export async function storedKinds(client: pg.Client, asked: Asked): Promise<TrafficKind[]> {
  const found: TrafficKind[] = [];
  const isThere = async (kind: TrafficKind) => {
    const text = `select from ${tables[kind]} where ${receivedSince} and ${ofRun[kind].where} limit 1`;
    return (await client.query(text, parametersOf(kind, asked))).rowCount === 1;
  };
  for (const kind of trafficKinds) if (await unlessThereAreNone(() => isThere(kind), false)) found.push(kind);
  return found;
}

/** How many rows there are of a run. */
export async function countRows(client: pg.Client, asked: Asked): Promise<number> {
  const count = async (kind: TrafficKind) => {
    const text = `select count(*)::int as n from ${tables[kind]} where ${receivedSince} and ${ofRun[kind].where}`;
    return (await client.query<{ n: number }>(text, parametersOf(kind, asked))).rows[0]?.n ?? 0;
  };
  let sum = 0;
  for (const kind of trafficKinds) sum += await unlessThereAreNone(() => count(kind), 0);
  return sum;
}

/** Rows of a run beyond the first of each datagram. */
export async function countDoubles(client: pg.Client, asked: Asked): Promise<number> {
  let sum = 0;
  for (const kind of trafficKinds) {
    const { sequence, where } = ofRun[kind];
    const text = `select (count(*) - count(distinct ${sequence}))::int as n from ${tables[kind]} where ${receivedSince} and ${where}`;
    sum += (await client.query<{ n: number }>(text, parametersOf(kind, asked))).rows[0]?.n ?? 0;
  }
  return sum;
}

/**
 * Rows that hold what could not be read, of all that was received since then: flows of an earlier run wait for their templates for half
 * a minute, and are stored in this one.
 */
export async function undecodableSince(client: pg.Client, since: string): Promise<number> {
  const count = (table: string) =>
    `(select count(*) from ${table} where malformed is not null and received_at >= $1::timestamptz)`;
  const counts = Object.values(tables).map(count).join(' + ');
  const { rows } = await client.query<{ n: number }>(`select (${counts})::int as n`, [since]);
  return rows[0]?.n ?? 0;
}

/** Which versions of flows a run of the test traffic has in the store, as far as they could be read. */
export async function readVersions(client: pg.Client, asked: Asked): Promise<number[]> {
  const { rows } = await client.query<{ version: number }>(
    `select distinct version from flow_record where ${receivedSince} and malformed is null and ${ofRun.flow.where}`,
    parametersOf('flow', asked),
  );
  return rows.map(({ version }) => version);
}

/** In the database's own words: a time that `Asked` takes. */
export async function databaseNow(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ now: string }>('select clock_timestamp()::text as now');
  return rows[0]?.now ?? 'now';
}
