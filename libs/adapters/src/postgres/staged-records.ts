import { PlainFlows } from '@hotstandby/decoders';
import type { RecordBatch, StagedBatch } from '@hotstandby/ports';
import type { Column } from './column.ts';
import { putRecord } from './copy/put-record.ts';
import { TupleWriter } from './copy/tuple-writer.ts';
import { flowColumns, syslogColumns, trapColumns } from './record-columns.ts';

/** The telemetry tables; their tuples are `epoch`, these columns, `altered`. */
export const recordTables = {
  syslog_message: syslogColumns,
  snmp_trap: trapColumns,
  flow_record: flowColumns,
} as const satisfies Record<string, readonly Column<never>[]>;

export type RecordTableName = keyof typeof recordTables;
export const recordTableNames = ['syslog_message', 'snmp_trap', 'flow_record'] as const;

/** Rows of a message as tuples of a binary COPY, outside the heap. */
export class StagedRecords implements StagedBatch {
  readonly messageId: string;
  readonly ledger: RecordBatch['ledger'];
  readonly rows: number;
  /** Which is in every tuple. */
  epoch: number;
  readonly tuples: Readonly<Record<RecordTableName, Buffer | null>>;
  /** Flows to be summed. */
  readonly columns: PlainFlows | null;

  constructor(batch: RecordBatch, epoch: number) {
    const { messageId, ledger, syslog, traps, flows, columns } = batch;
    this.messageId = messageId;
    this.ledger = ledger;
    this.rows = syslog.length + traps.length + flows.length + (columns?.flows ?? 0);
    this.columns = columnsOf(columns ?? null, flows);
    this.epoch = epoch;
    this.tuples = {
      syslog_message: tuplesOf(syslogColumns, epoch, syslog),
      snmp_trap: tuplesOf(trapColumns, epoch, traps),
      flow_record: tuplesOf(flowColumns, epoch, flows),
    };
  }
}

function columnsOf(columns: PlainFlows | null, flows: RecordBatch['flows']): PlainFlows | null {
  if (flows.length === 0) return columns;
  const all = columns ?? new PlainFlows();
  for (const flow of flows) all.add(flow);
  return all;
}

/** One is enough: it is used within one call. */
const writer = new TupleWriter();

function tuplesOf<Record>(columns: Column<Record>[], epoch: number, records: readonly Record[]): Buffer | null {
  for (const record of records) putRecord(writer, epoch, columns, record);
  return writer.take();
}
