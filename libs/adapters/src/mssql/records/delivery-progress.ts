import { StoreError, type DeliveryProgress } from '@hotstandby/ports';
import { count, text } from '../rows.ts';
import type { Session } from '../session.ts';
import { numberOrNull } from './delivery-ledger.ts';

/** What each node noted last, in the order of the epochs. */
export async function readProgress(session: Session, timeoutMs: number, schema: string): Promise<DeliveryProgress[]> {
  const [rows = []] = await session.run({ text: readProgressStatement(schema) }, timeoutMs);
  return rows.map((row) => {
    const settledBefore = row['settledBefore'];
    const ownFrom = row['ownFrom'];
    const otherBefore = row['otherBefore'];
    if (!(settledBefore instanceof Date))
      throw new StoreError('unknown', 'the store answered with no usable "settledBefore"');
    return {
      nodeId: text(row, 'nodeId'),
      epoch: count(row, 'epoch'),
      settledBeforeMs: settledBefore.getTime(),
      clockAheadMs: numberOrNull(row['clockAheadMs']),
      ownFromMs: ownFrom instanceof Date ? ownFrom.getTime() : null,
      otherBeforeMs: otherBefore instanceof Date ? otherBefore.getTime() : null,
    };
  });
}

export function readProgressStatement(schema: string): string {
  return `SELECT p.node_id AS [nodeId], p.epoch AS [epoch], p.settled_before AS [settledBefore], p.clock_ahead_ms AS [clockAheadMs],
  p.own_from AS [ownFrom], p.other_before AS [otherBefore]
 FROM ${schema}.delivery_progress AS p ORDER BY p.epoch;`;
}
