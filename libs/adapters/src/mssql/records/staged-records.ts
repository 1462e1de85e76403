import { FlowsToSum } from '@hotstandby/core/traffic';
import { recordsOfColumns, recordsOfSyslog } from '@hotstandby/decoders';
import type { RecordBatch, StagedBatch } from '@hotstandby/ports';
import { fieldsOf, type Column, type Field } from './column.ts';
import { messageKey } from './message-key.ts';
import { flowColumns, syslogColumns, trapColumns, type RecordTableName } from './record-columns.ts';

/** Rows of a message as fields, until they are committed. */
export class StagedRecords implements StagedBatch {
  readonly messageId: string;
  /** What its mark is kept under. */
  readonly key: string;
  readonly ledger: RecordBatch['ledger'];
  readonly rows: number;
  readonly settled: number;
  readonly fields: Readonly<Record<RecordTableName, Field[][]>>;
  /** Flows to be summed. */
  readonly sums: FlowsToSum | null;

  constructor(batch: RecordBatch) {
    const { messageId, ledger, traps, flows, columns = null, sumsOnly = false } = batch;
    const syslog = [...(batch.syslogColumns ? recordsOfSyslog(batch.syslogColumns) : []), ...batch.syslog];
    this.messageId = messageId;
    this.key = messageKey(messageId);
    this.ledger = ledger;
    this.settled = ledger.settled.length;
    const flowCount = flows.length + (columns?.count ?? 0);
    this.rows = syslog.length + traps.length + flowCount;
    this.sums = flowCount > 0 ? new FlowsToSum(columns, flows) : null;
    const asRows = sumsOnly
      ? flows.filter(({ malformed }) => malformed !== null)
      : [...(columns ? recordsOfColumns(columns) : []), ...flows];
    this.fields = {
      syslog_message: rowsOf(syslogColumns, syslog),
      snmp_trap: rowsOf(trapColumns, traps),
      flow_record: rowsOf(flowColumns, asRows),
    };
  }
}

const rowsOf = <Row>(columns: readonly Column<Row>[], records: readonly Row[]): Field[][] =>
  records.map((record) => fieldsOf(columns, record));
