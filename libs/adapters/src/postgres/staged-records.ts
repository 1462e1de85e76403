import { FlowsToSum } from '@hotstandby/core/traffic';
import { recordsOfColumns } from '@hotstandby/decoders';
import type { RecordBatch, StagedBatch } from '@hotstandby/ports';
import type { Column } from './column.ts';
import { packLedger, type PackedLedger } from './delivery-ledger.ts';
import { fewestFlowsOfPack, flowPackColumns, putFlowPacks } from './copy/put-flow-packs.ts';
import { putSyslogColumns } from './copy/put-syslog-columns.ts';
import { columnNames, putRecord } from './copy/put-record.ts';
import { TupleWriter } from './copy/tuple-writer.ts';
import { GatheredFlows } from './gathered-flows.ts';
import { flowColumns, flowRunColumns, syslogColumns, trapColumns } from './record-columns.ts';

/** Telemetry tables with a row a record; their tuples are `epoch`, these columns, `altered`. */
export const recordTables = {
  syslog_message: syslogColumns,
  snmp_trap: trapColumns,
  flow_row: flowColumns,
} as const satisfies Record<string, readonly Column<never>[]>;

export type RecordTableName = keyof typeof recordTables;

/** What tuples there are of each telemetry table. */
export const tupleColumns = {
  syslog_message: columnNames(syslogColumns),
  snmp_trap: columnNames(trapColumns),
  flow_row: columnNames(flowColumns),
  flow_pack: flowPackColumns,
} as const satisfies Record<string, readonly string[]>;

export type TupleTable = keyof typeof tupleColumns;
export const tupleTableNames = Object.keys(tupleColumns) as TupleTable[];

/** One is enough: it is used within one call. */
const writer = new TupleWriter();

/** Rows of a message as tuples of a binary COPY, outside the heap. */
export class StagedRecords implements StagedBatch {
  readonly messageId: string;
  readonly settled: number;
  readonly ledger: PackedLedger;
  readonly rows: number;
  /** Which is in every tuple. */
  epoch: number;
  readonly tuples: Readonly<Record<TupleTable, Buffer | null>>;
  /** Flows to be summed; null: none, or they are in `gathered`. */
  sums: FlowsToSum | null;
  /** Where they are summed together with those of other messages. */
  gathered: GatheredFlows | null = null;

  constructor(batch: RecordBatch, epoch: number) {
    const { messageId, ledger, syslog, traps, flows, columns = null, sumsOnly = false } = batch;
    this.messageId = messageId;
    this.settled = ledger.settled.length;
    this.ledger = packLedger(ledger);
    const flowCount = flows.length + (columns?.count ?? 0);
    this.rows = syslog.length + (batch.syslogColumns?.count ?? 0) + traps.length + flowCount;
    this.sums = flowCount > 0 ? new FlowsToSum(columns, flows) : null;
    this.epoch = epoch;
    const inColumns = sumsOnly ? null : columns;
    const few = inColumns ? recordsOfColumns(inColumns, (flowsOfRun) => flowsOfRun < fewestFlowsOfPack) : [];
    const asRows = sumsOnly ? flows.filter(({ malformed }) => malformed !== null) : flows;
    const flowRows = tuplesOf(flowColumns, epoch, [...few, ...asRows]);
    if (inColumns) putFlowPacks(writer, epoch, flowRunColumns, inColumns);
    const flowPacks = writer.take();
    if (batch.syslogColumns) putSyslogColumns(writer, epoch, batch.syslogColumns);
    this.tuples = {
      syslog_message: tuplesOf(syslogColumns, epoch, syslog),
      snmp_trap: tuplesOf(trapColumns, epoch, traps),
      flow_row: flowRows,
      flow_pack: flowPacks,
    };
  }
}

/** Moves the flows of a message into the sums of others. */
export function gatherFlows(batch: StagedRecords, into: GatheredFlows = new GatheredFlows()): GatheredFlows {
  if (batch.sums) into.add(batch.sums);
  batch.sums = null;
  batch.gathered = into;
  return into;
}

function tuplesOf<Record>(columns: Column<Record>[], epoch: number, records: readonly Record[]): Buffer | null {
  for (const record of records) putRecord(writer, epoch, columns, record);
  return writer.take();
}
