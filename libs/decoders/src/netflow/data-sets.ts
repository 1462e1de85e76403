import type { FlowRecord } from '../records.ts';
import { emptyFlow } from './flow-record.ts';
import type { ExportClock } from './flow-time.ts';
import { readRecord } from './read-record.ts';
import type { RecordPlan } from './record-plan.ts';

/** The records of a data set; `fault`: a record does not end within the set (those before it are good). */
export interface DataSetResult {
  records: FlowRecord[];
  fault: string | null;
}

/**
 * Reads the records of a set between `start` and `end`. What is left and shorter than a record is padding (RFC 7011
 * section 3.3.1). Every record takes at least one byte, so it comes to an end.
 */
export function readDataSet(
  bytes: Uint8Array,
  start: number,
  end: number,
  plan: RecordPlan,
  clock: ExportClock,
  receivedAtMs: number,
): DataSetResult {
  const { exporter, version, observationDomain, templateId } = plan.template;
  const octets = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  const records: FlowRecord[] = [];
  let offset = start;
  while (end - offset >= plan.minimumBytes) {
    const record = emptyFlow(exporter, receivedAtMs, version, observationDomain);
    const next = readRecord(record, plan, octets, offset, end, clock);
    if (next === null) return { records, fault: `a record of template ${templateId} runs past its set` };
    records.push(record);
    offset = next;
  }
  return { records, fault: null };
}

/** When the exporter started, as options records tell (softflowd sends the times of IPFIX flows relative to it); null: they do not. */
export function systemInitOf(optionsRecords: readonly FlowRecord[]): number | null {
  const value = optionsRecords.findLast((record) => record.extra?.['systemInitTimeMilliseconds'] !== undefined);
  const ms = value?.extra?.['systemInitTimeMilliseconds'];
  return typeof ms === 'number' ? ms : null;
}
