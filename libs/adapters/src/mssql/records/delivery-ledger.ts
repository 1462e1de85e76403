import { setImmediate } from 'node:timers/promises';
import { packEntries, unpackEntries } from '@hotstandby/core/ledger';
import { StoreError, type LedgerExtract } from '@hotstandby/ports';
import { bigint, instant } from '../parameters.ts';
import { count, text } from '../rows.ts';
import type { Row, Session } from '../session.ts';
import { fieldOf, lastStorableMs, type Field } from './column.ts';
import type { StagedRecords } from './staged-records.ts';

/** A row is a commit: thousands of entries at a high rate. */
export const rowsARead = 50;

/** Mark and part of the ledger of a message, as `stagedMessages` says; without its number. */
export function messageFields({ key, ledger }: StagedRecords): Field[] {
  const { nodeId, stored, settled, clockAheadMs } = ledger;
  let firstMs = Infinity;
  let lastMs = -Infinity;
  for (const entries of [stored, settled]) {
    for (const { receivedAtMs } of entries) {
      firstMs = Math.min(firstMs, receivedAtMs);
      lastMs = Math.max(lastMs, receivedAtMs);
    }
  }
  const times = [firstMs, lastMs].map((ms) => fieldOf('instant', ms - (clockAheadMs ?? 0)) ?? new Date(0));
  const packed = [stored, settled].map((entries) => Buffer.from(packEntries(entries).buffer));
  return [key, nodeId, ...times, stored.length, settled.length, ...packed, clockAheadMs];
}

export interface LedgerRow {
  id: number;
  epoch: number;
  nodeId: string;
  clockAheadMs: number | null;
  stored: Buffer;
  settled: Buffer;
}

/** Row by row, in the order of the commits, so that memory holds little more than the entries that are wanted. */
export async function readLedger(
  session: Session,
  timeoutMs: number,
  schema: string,
  wanted: { tenureEpoch: number; sinceMs: number; clockAheadMs: number },
): Promise<LedgerExtract> {
  const { tenureEpoch, sinceMs, clockAheadMs } = wanted;
  const extract: LedgerExtract = { stored: [], settled: [] };
  for (let after = 0; ;) {
    const rows = await ledgerRows(session, timeoutMs, schema, { after, fromMs: sinceMs - clockAheadMs, untilMs: null });
    for (const row of rows) {
      const earlier = row.epoch < tenureEpoch;
      const into = earlier ? extract.stored : extract.settled;
      // Where one of the clocks was not measured, they are taken for equal.
      const laterMs = row.clockAheadMs === null ? 0 : clockAheadMs - row.clockAheadMs;
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

/** The next rows with datagrams of that time (by the store's clock), by id; fewer than `rowsARead` at the end. */
export async function ledgerRows(
  session: Session,
  timeoutMs: number,
  schema: string,
  { after, fromMs, untilMs }: { after: number; fromMs: number; untilMs: number | null },
): Promise<LedgerRow[]> {
  const parameters = {
    after: bigint(after),
    from: instant(dateOf(fromMs)),
    until: instant(untilMs === null ? null : dateOf(untilMs)),
  };
  const [rows = []] = await session.run({ text: ledgerStatement(schema), parameters }, timeoutMs);
  return rows.map((row) => ({
    id: count(row, 'id'),
    epoch: count(row, 'epoch'),
    nodeId: text(row, 'nodeId'),
    clockAheadMs: numberOrNull(row['clockAheadMs']),
    stored: octets(row, 'stored'),
    settled: octets(row, 'settled'),
  }));
}

export function ledgerStatement(schema: string): string {
  return `SELECT TOP (${rowsARead}) l.id AS [id], l.epoch AS [epoch], l.node_id AS [nodeId], l.clock_ahead_ms AS [clockAheadMs],
  l.stored AS [stored], l.settled AS [settled]
 FROM ${schema}.delivery_ledger AS l
 WHERE l.last_received_at >= @from AND l.id > @after AND (@until IS NULL OR l.first_received_at < @until) ORDER BY l.id;`;
}

export const dateOf = (ms: number): Date => new Date(ms > 0 ? Math.floor(Math.min(ms, lastStorableMs)) : 0);

export const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

function octets(row: Row, name: string): Buffer {
  const value = row[name];
  if (!Buffer.isBuffer(value)) throw new StoreError('unknown', `the store answered with no usable "${name}"`);
  return value;
}
