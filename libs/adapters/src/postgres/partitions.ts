import { conversationPackColumns } from './copy/put-conversation-packs.ts';
import { flowPackArrays, flowPackColumns } from './copy/put-flow-packs.ts';
import { quoteName } from './quote.ts';
import type { Session } from './session.ts';

/** Tables that are partitioned by day. */
export const partitionedTables = {
  syslog_message: 'received_at',
  snmp_trap: 'received_at',
  flow_row: 'received_at',
  flow_pack: 'received_at',
  traffic_part: 'minute',
  applications_part: 'minute',
  conversations_part: 'minute',
  conversations_pack: 'minute',
} as const;

export type PartitionedTable = keyof typeof partitionedTables;
export const partitionedTableNames = Object.keys(partitionedTables) as PartitionedTable[];

/** Columns of those whose rows are packs. */
const arraysOf: Partial<Record<PartitionedTable, readonly string[]>> = {
  flow_pack: flowPackColumns.slice(flowPackArrays.from, flowPackArrays.end),
  conversations_pack: conversationPackColumns.slice(conversationPackColumns.indexOf('source_address')),
};

const dayMs = 86_400_000;
/** Yesterday for what comes late, and days to come: nobody may be there to make them in time. */
const days = [-1, 0, 1, 2, 3] as const;
/**
 * How long a change of partitions waits for whoever uses the table: so long, and no longer, writers may have to wait behind
 * it. It is tried again an hour later.
 */
const lockPatienceMs = 1000;

/** Makes the partitions of these days that are not there. Each is a transaction of its own. */
export async function makePartitions(
  session: Session,
  timeoutMs: number,
  schema: string,
  nowMs: number,
): Promise<void> {
  const there = new Set(await partitionsOf(session, timeoutMs, schema));
  for (const table of partitionedTableNames) {
    for (const day of days) {
      const fromMs = (Math.floor(nowMs / dayMs) + day) * dayMs;
      if (!there.has(partitionName(table, fromMs))) await makePartition(session, timeoutMs, schema, table, fromMs);
    }
  }
}

/** Drops the partitions that hold nothing younger than `olderThanMs` (since 1970). */
export async function dropPartitions(
  session: Session,
  timeoutMs: number,
  schema: string,
  table: PartitionedTable,
  olderThanMs: number,
): Promise<void> {
  for (const name of await partitionsOf(session, timeoutMs, schema)) {
    const fromMs = dayOf(table, name);
    if (fromMs === null || fromMs + dayMs > olderThanMs) continue;
    await inTransaction(session, timeoutMs, schema, async (run) => {
      await run(`drop table if exists ${quoteName(schema)}.${quoteName(name)}`);
    });
  }
}

async function makePartition(
  session: Session,
  timeoutMs: number,
  schema: string,
  table: PartitionedTable,
  fromMs: number,
): Promise<void> {
  const name = partitionName(table, fromMs);
  const s = quoteName(schema);
  const [part, rest, column] = [`${s}.${name}`, `${s}.${table}_rest`, partitionedTables[table]];
  const [from, to] = [fromMs, fromMs + dayMs].map((ms) => `'${new Date(ms).toISOString()}'`);
  await inTransaction(session, timeoutMs, schema, async (run) => {
    if ((await partitionsOf(session, timeoutMs, schema)).includes(name)) return;
    await run(`create table ${part} (like ${s}.${table} including defaults including storage including constraints)`);
    const arrays = arraysOf[table];
    if (arrays) await run(`alter table ${part} ${settingsOf(arrays)}`);
    // A partition cannot be added while the rest holds rows of its day.
    await run(`with moved as (delete from ${rest} where ${column} >= ${from} and ${column} < ${to} returning *)
      insert into ${part} select * from moved`);
    await run(`alter table ${s}.${table} attach partition ${part} for values from (${from}) to (${to})`);
  });
}

/** What `like` leaves out: a pack stays in its page as long as it fits in, and nobody counts the elements of arrays. */
const settingsOf = (arrays: readonly string[]): string =>
  ['set (toast_tuple_target = 8160)', ...arrays.map((name) => `alter column ${name} set statistics 0`)].join(', ');

/** One process after the other: every collector of both nodes may come to the same idea. */
async function inTransaction(
  session: Session,
  timeoutMs: number,
  schema: string,
  work: (run: (text: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const run = (text: string) => session.run(text, timeoutMs);
  await run(`begin; set local lock_timeout = ${lockPatienceMs}`);
  try {
    await session.run(
      { text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))', values: [`hotstandby partitions ${schema}`] },
      timeoutMs,
    );
    await work(run);
    await run('commit');
  } catch (error) {
    if (session.alive()) await run('rollback').catch(() => {});
    throw error;
  }
}

async function partitionsOf(session: Session, timeoutMs: number, schema: string): Promise<string[]> {
  const rows = await session.run<{ name: string }>(
    {
      text: `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
             join pg_class p on p.oid = i.inhparent join pg_namespace n on n.oid = p.relnamespace
             where n.nspname = $1 and p.relname = any ($2::text[])`,
      values: [schema, partitionedTableNames],
    },
    timeoutMs,
  );
  return rows.map(({ name }) => name);
}

/** `syslog_message_20261121`: its day in UTC. */
const partitionName = (table: PartitionedTable, fromMs: number): string =>
  `${table}_${new Date(fromMs).toISOString().slice(0, 10).replaceAll('-', '')}`;

function dayOf(table: PartitionedTable, name: string): number | null {
  const [, year, month, day] = new RegExp(`^${table}_(\\d{4})(\\d{2})(\\d{2})$`).exec(name) ?? [];
  return year === undefined ? null : Date.UTC(Number(year), Number(month) - 1, Number(day));
}
