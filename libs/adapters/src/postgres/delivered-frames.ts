import type { Origin, RecordBatch } from '@hotstandby/ports';
import type { Session } from './session.ts';
import { storableText } from './text.ts';

/**
 * Marks the batches as delivered, in this transaction, and returns those that were not before. Keys go in one order, so
 * that two writers with the same messages wait for each other instead of deadlocking.
 */
export async function markDelivered(
  session: Session,
  timeoutMs: number,
  table: string,
  epoch: number,
  batches: RecordBatch[],
): Promise<RecordBatch[]> {
  const byKey = new Map(batches.map((batch) => [keyOf(batch.origin), batch]));
  const origins = [...byKey.values()].map((batch) => batch.origin);
  const rows = await session.run<{ node_id: string; stream_id: string; sequence: string }>(
    {
      name: 'mark delivered',
      text: `insert into ${table} (node_id, stream_id, sequence, epoch)
             select o.node_id, o.stream_id, o.sequence, $4::int8
               from unnest($1::text[], $2::text[], $3::int8[]) as o (node_id, stream_id, sequence)
              order by 1, 2, 3
             on conflict do nothing returning node_id, stream_id, sequence::text`,
      values: [...columnsOf(origins), epoch],
    },
    timeoutMs,
  );
  const fresh = rows.map((row) =>
    byKey.get(keyOf({ nodeId: row.node_id, streamId: row.stream_id, sequence: Number(row.sequence) })),
  );
  return fresh.filter((batch) => batch !== undefined);
}

/** Positions in the list of those that are marked. */
export async function findDelivered(
  session: Session,
  timeoutMs: number,
  table: string,
  origins: Origin[],
): Promise<Set<number>> {
  const rows = await session.run<{ position: string }>(
    {
      name: 'find delivered',
      text: `select (o.position - 1)::text as position
               from unnest($1::text[], $2::text[], $3::int8[]) with ordinality as o (node_id, stream_id, sequence, position)
               join ${table} using (node_id, stream_id, sequence)`,
      values: columnsOf(origins),
    },
    timeoutMs,
  );
  return new Set(rows.map(({ position }) => Number(position)));
}

function columnsOf(origins: Origin[]): [string[], string[], number[]] {
  return [
    origins.map((origin) => storableText(origin.nodeId)),
    origins.map((origin) => storableText(origin.streamId)),
    origins.map((origin) => origin.sequence),
  ];
}

function keyOf({ nodeId, streamId, sequence }: Origin): string {
  return JSON.stringify([storableText(nodeId), storableText(streamId), sequence]);
}
