import { packEntries, unpackEntries } from '@hotstandby/core/ledger';
import type { LedgerExtract, RecordBatch } from '@hotstandby/ports';
import { storable } from './column.ts';
import type { Session } from './session.ts';
import { storableText } from './text.ts';

const rowsARead = 200;

/** One row for the whole transaction, in it: what is not committed is not in the ledger either. */
export async function writeLedger(
  session: Session,
  timeoutMs: number,
  table: string,
  epoch: number,
  batches: RecordBatch[],
): Promise<void> {
  const stored = batches.flatMap(({ ledger }) => ledger.stored);
  const settled = batches.flatMap(({ ledger }) => ledger.settled);
  const nodeId = batches[0]?.ledger.nodeId;
  if (nodeId === undefined || stored.length + settled.length === 0) return;
  let firstMs = Infinity;
  let lastMs = -Infinity;
  for (const entries of [stored, settled]) {
    for (const { receivedAtMs } of entries) {
      firstMs = Math.min(firstMs, receivedAtMs);
      lastMs = Math.max(lastMs, receivedAtMs);
    }
  }
  const text = `insert into ${table} (epoch, node_id, first_received_at, last_received_at, stored_datagrams,
                                      settled_datagrams, stored, settled) values ($1, $2, $3, $4, $5, $6, $7, $8)`;
  const values = [
    epoch,
    storableText(nodeId),
    ...[firstMs, lastMs].map((ms) => storable('timestamptz', ms) ?? 'epoch'),
    stored.length,
    settled.length,
    Buffer.from(packEntries(stored).buffer),
    Buffer.from(packEntries(settled).buffer),
  ];
  await session.run({ name: 'write ledger', text, values }, timeoutMs);
}

/** Row by row, in the order of the commits, so that memory holds little more than the entries that are wanted. */
export async function readLedger(
  session: Session,
  timeoutMs: number,
  table: string,
  tenureEpoch: number,
  sinceMs: number,
): Promise<LedgerExtract> {
  const extract: LedgerExtract = { stored: [], settled: [] };
  const text = `select id, epoch < $1 as earlier, stored, settled from ${table}
    where last_received_at >= to_timestamp($2::float8 / 1000) and id > $3 order by id limit ${rowsARead}`;
  for (let lastId = '0'; ;) {
    const values = [tenureEpoch, Math.max(0, sinceMs), lastId];
    const rows = await session.run<{ id: string; earlier: boolean; stored: Buffer; settled: Buffer }>(
      { name: 'read ledger', text, values },
      timeoutMs,
    );
    for (const { earlier, stored, settled } of rows) {
      const into = earlier ? extract.stored : extract.settled;
      for (const entry of unpackEntries(earlier ? stored : settled))
        if (entry.receivedAtMs >= sinceMs) into.push(entry);
    }
    const last = rows.at(-1);
    if (!last || rows.length < rowsARead) return extract;
    lastId = last.id;
  }
}
