import type { DeliveryProgress } from '@hotstandby/ports';
import type { Session } from './session.ts';

/** What each node noted last, in the order of the epochs. */
export async function readProgress(session: Session, timeoutMs: number, table: string): Promise<DeliveryProgress[]> {
  const text = `select node_id, epoch, extract(epoch from settled_before)::float8 * 1000 as settled_before_ms, clock_ahead_ms,
      extract(epoch from own_from)::float8 * 1000 as own_from_ms,
      extract(epoch from other_before)::float8 * 1000 as other_before_ms
    from ${table} order by epoch`;
  const rows = await session.run<{
    node_id: string;
    epoch: string;
    settled_before_ms: number;
    clock_ahead_ms: number | null;
    own_from_ms: number | null;
    other_before_ms: number | null;
  }>(text, timeoutMs);
  return rows.map((row) => ({
    nodeId: row.node_id,
    epoch: Number(row.epoch),
    settledBeforeMs: Math.floor(row.settled_before_ms),
    clockAheadMs: row.clock_ahead_ms,
    ownFromMs: row.own_from_ms === null ? null : Math.floor(row.own_from_ms),
    otherBeforeMs: row.other_before_ms === null ? null : Math.floor(row.other_before_ms),
  }));
}

/** One a node; to be run under the guard. */
export async function writeProgress(
  session: Session,
  timeoutMs: number,
  table: string,
  { nodeId, epoch, settledBeforeMs, clockAheadMs, ownFromMs, otherBeforeMs }: DeliveryProgress,
): Promise<void> {
  const text = `insert into ${table} as noted (node_id, epoch, settled_before, clock_ahead_ms, own_from, other_before)
    values ($1, $2, to_timestamp($3::float8 / 1000), $4, to_timestamp($5::float8 / 1000), to_timestamp($6::float8 / 1000))
    on conflict (node_id) do update set epoch = excluded.epoch, settled_before = excluded.settled_before,
                                        clock_ahead_ms = excluded.clock_ahead_ms, noted_at = clock_timestamp(),
                                        own_from = excluded.own_from,
                                        other_before = greatest(noted.other_before, excluded.other_before)`;
  const values = [nodeId, epoch, settledBeforeMs, clockAheadMs, ownFromMs, otherBeforeMs];
  await session.run({ name: 'note progress', text, values }, timeoutMs);
}
