import { setImmediate } from 'node:timers/promises';
import { countOf, joinEntries, packEntries, timesOf, unpackEntries } from '@hotstandby/core/ledger';
import type { LedgerExtract, RecordBatch } from '@hotstandby/ports';
import { lastStorableMs } from './column.ts';
import type { Session } from './session.ts';
import { storableText } from './text.ts';

/** A row is a commit: thousands of entries at a high rate. */
export const rowsARead = 50;

type Ledger = RecordBatch['ledger'];

/** What the ledger is told of a batch, with its entries packed. */
export interface PackedLedger extends Pick<Ledger, 'nodeId' | 'clockAheadMs'> {
  stored: Uint8Array;
  settled: Uint8Array;
}

export const packLedger = ({ nodeId, clockAheadMs, stored, settled }: Ledger): PackedLedger => ({
  nodeId,
  clockAheadMs,
  stored: packEntries(stored),
  settled: packEntries(settled),
});

/** One row for the whole transaction, in it: what is not committed is not in the ledger either. */
export async function writeLedger(
  session: Session,
  timeoutMs: number,
  table: string,
  epoch: number,
  batches: { ledger: PackedLedger }[],
): Promise<void> {
  const stored = joinEntries(batches.map(({ ledger }) => ledger.stored));
  const settled = joinEntries(batches.map(({ ledger }) => ledger.settled));
  const nodeId = batches[0]?.ledger.nodeId;
  const times = [timesOf(stored), timesOf(settled)].filter((some) => some !== null);
  if (nodeId === undefined || times.length === 0) return;
  const firstMs = Math.min(...times.map((some) => some.firstMs));
  const lastMs = Math.max(...times.map((some) => some.lastMs));
  const clockAheadMs = batches[0]?.ledger.clockAheadMs ?? null;
  const text = `insert into ${table} (epoch, node_id, first_received_at, last_received_at, stored_datagrams,
                                      settled_datagrams, stored, settled, clock_ahead_ms)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
  const values = [
    epoch,
    storableText(nodeId),
    ...[firstMs, lastMs].map((ms) => timeText(ms - (clockAheadMs ?? 0))),
    countOf(stored),
    countOf(settled),
    Buffer.from(stored.buffer),
    Buffer.from(settled.buffer),
    clockAheadMs,
  ];
  await session.run({ name: 'write ledger', text, values }, timeoutMs);
}

const timeText = (ms: number): string => new Date(ms >= 0 && ms <= lastStorableMs ? ms : 0).toISOString();

/** Row by row, in the order of the commits, so that memory holds little more than the entries that are wanted. */
export async function readLedger(
  session: Session,
  timeoutMs: number,
  table: string,
  wanted: { tenureEpoch: number; sinceMs: number; clockAheadMs: number },
): Promise<LedgerExtract> {
  const { tenureEpoch, sinceMs, clockAheadMs } = wanted;
  const extract: LedgerExtract = { stored: [], settled: [] };
  for (let after = '0'; ;) {
    const rows = await ledgerRows(session, timeoutMs, table, { after, fromMs: sinceMs - clockAheadMs, untilMs: null });
    for (const row of rows) {
      const earlier = Number(row.epoch) < tenureEpoch;
      const into = earlier ? extract.stored : extract.settled;
      // Where one of the clocks was not measured, they are taken for equal.
      const laterMs = row.clock_ahead_ms === null ? 0 : clockAheadMs - row.clock_ahead_ms;
      for (const { digest, receivedAtMs } of unpackEntries(earlier ? row.stored : row.settled))
        if (receivedAtMs + laterMs >= sinceMs) into.push({ digest, receivedAtMs: receivedAtMs + laterMs });
      // A gate that hears nothing of its grant shuts.
      await setImmediate();
    }
    const last = rows.at(-1);
    if (!last || rows.length < rowsARead) return extract;
    after = last.id;
  }
}

export interface LedgerRow {
  id: string;
  epoch: string;
  node_id: string;
  clock_ahead_ms: number | null;
  stored: Buffer;
  settled: Buffer;
}

/** The next rows with datagrams of that time (by the store's clock), by id; fewer than `rowsARead` at the end. */
export async function ledgerRows(
  session: Session,
  timeoutMs: number,
  table: string,
  { after, fromMs, untilMs }: { after: string; fromMs: number; untilMs: number | null },
): Promise<LedgerRow[]> {
  const text = `select id, epoch, node_id, clock_ahead_ms, stored, settled from ${table}
    where last_received_at >= to_timestamp($1::float8 / 1000) and id > $2
      and ($3::float8 is null or first_received_at < to_timestamp($3::float8 / 1000)) order by id limit ${rowsARead}`;
  return session.run<LedgerRow>(
    { name: 'read ledger', text, values: [Math.max(0, fromMs), after, untilMs] },
    timeoutMs,
  );
}
