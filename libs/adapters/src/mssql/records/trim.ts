import type { Retention } from '@hotstandby/ports';

/** Less than the 5000 locks at which the server would make one of them that holds up every collector. */
const rowsAPiece = 4000;
/**
 * Marks of delivered messages are kept this long at most: INGEST gives a message again within its own age, and a busy
 * node makes millions of marks a day.
 */
const longestMarkMs = 2 * 24 * 3_600_000;
/** Looked at after a take-over only as far back as the tenure before had not come. */
const longestLedgerMs = 3 * 3_600_000;

export interface Trim {
  table: string;
  column: string;
  keptMs: number;
  rowsAPiece: number;
}

/** What is thrown away of each table. */
export function trims(retention: Retention): Trim[] {
  const of = (table: string, column: string, keptMs: number) => ({ table, column, keptMs, rowsAPiece });
  return [
    of('syslog_message', 'received_at', retention.syslogMs),
    of('snmp_trap', 'received_at', retention.trapMs),
    of('flow_record', 'received_at', retention.flowMs),
    ...['traffic_part', 'applications_part', 'conversations_part'].map((table) =>
      of(table, 'minute', retention.minuteMs),
    ),
    of('delivery_ledger', 'stored_at', longestLedgerMs),
    of('delivered_frame', 'stored_at', longestMarkMs),
    of('delivery_replay', 'renewed_at', longestMarkMs),
  ];
}

/** One piece, from the old end: a transaction of its own, so that no log and no lock grows with what is deleted. */
export function trimStatement(schema: string, table: string, column: string, rows: number): string {
  return `SET NOCOUNT ON;
DELETE TOP (${rows}) FROM ${schema}.${table} WHERE [${column}] < DATEADD(second, -@kept_s, SYSUTCDATETIME());
SELECT @@ROWCOUNT AS [gone];`;
}
