import type { StagedBatch } from '@hotstandby/ports';
import type { Session } from './session.ts';
import { storableText } from './text.ts';

/**
 * Marks the batches as delivered, in this transaction, and returns those that were not before. Keys go in one order, so
 * that two writers with the same messages wait for each other instead of deadlocking.
 */
export async function markDelivered<Batch extends StagedBatch>(
  session: Session,
  timeoutMs: number,
  table: string,
  epoch: number,
  batches: Batch[],
): Promise<Batch[]> {
  const byId = new Map(batches.map((batch) => [storableText(batch.messageId), batch]));
  const rows = await session.run<{ message_id: string }>(
    {
      name: 'mark delivered',
      text: `insert into ${table} (message_id, epoch)
             select m.id, $2::int8 from unnest($1::text[]) as m (id) order by 1
             on conflict do nothing returning message_id`,
      values: [[...byId.keys()], epoch],
    },
    timeoutMs,
  );
  return rows.map((row) => byId.get(row.message_id)).filter((batch) => batch !== undefined);
}

/** Those that are marked. */
export async function findDelivered(
  session: Session,
  timeoutMs: number,
  table: string,
  messageIds: string[],
): Promise<Set<string>> {
  const rows = await session.run<{ message_id: string }>(
    {
      name: 'find delivered',
      text: `select message_id from ${table} where message_id = any ($1::text[])`,
      values: [messageIds.map(storableText)],
    },
    timeoutMs,
  );
  return new Set(rows.map((row) => row.message_id));
}
