import { emptyFlow } from '../netflow/flow-record.ts';
import type { FlowRecord } from '../records.ts';
import type { ColumnName, ExtraColumn, FlowColumns, FlowRun } from './flow-columns.ts';

/**
 * Rows as the records that `decodeFlows` would have given, as far as the columns hold them: for a store that wants records. `wanted` is
 * asked of each run how many flows it has; all are, when it is absent.
 */
export function recordsOfColumns(columns: FlowColumns, wanted: (flows: number) => boolean = () => true): FlowRecord[] {
  const records: FlowRecord[] = [];
  let first = 0;
  for (const run of columns.runs) {
    if (wanted(run.end - first))
      for (let row = first; row < run.end; row += 1) records.push(recordOf(columns, run, row));
    first = run.end;
  }
  return records;
}

function recordOf(columns: FlowColumns, run: FlowRun, row: number): FlowRecord {
  const { version, columns: has, extra } = run.shape;
  const value = (name: ColumnName) => (has.has(name) ? (columns[name][row] ?? 0) : null);
  const address = (name: 'sourceAddress' | 'destinationAddress') => (has.has(name) ? textOf(columns[name][row]) : null);
  const counter = (name: 'packets' | 'octets') => (has.has(name) ? BigInt(columns[name][row] ?? 0) : null);
  const time = (name: 'startMs' | 'endMs') => (Number.isNaN(columns[name][row]) ? null : value(name));
  return {
    ...emptyFlow(run.exporter, run.receivedAtMs, version, run.observationDomain),
    sourceAddress: address('sourceAddress'),
    destinationAddress: address('destinationAddress'),
    sourcePort: value('sourcePort'),
    destinationPort: value('destinationPort'),
    protocol: value('protocol'),
    packets: counter('packets'),
    octets: counter('octets'),
    startMs: time('startMs'),
    endMs: time('endMs'),
    inputInterface: value('inputInterface'),
    outputInterface: value('outputInterface'),
    tcpFlags: value('tcpFlags'),
    tos: value('tos'),
    extra: extraOf(extra, columns, row),
  };
}

function extraOf(extra: readonly ExtraColumn[], columns: FlowColumns, row: number): FlowRecord['extra'] {
  if (extra.length === 0) return null;
  const entries = extra.map(({ name, kind }, slot) => {
    const value = columns.extra[slot]?.[row] ?? 0;
    return [name, kind === 'ipv4' ? textOf(value) : value] as const;
  });
  return Object.fromEntries(entries);
}

const textOf = (bits = 0): string => `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
